/** Files that hold secrets, by their names. A project's own .gitignore cannot bring them back. */
const secretFiles: readonly RegExp[] = [
  /^\.env(?:rc|\..+)?$/i,
  /\.(?:pem|key|p12|pfx|jks|keystore|kdbx)$/i,
  /^id_(?:rsa|dsa|ecdsa|ed25519)/i,
  /^\.(?:netrc|npmrc|pypirc|pgpass|htpasswd|git-credentials|dockercfg)$/i,
  /^credentials(?:\.(?:json|csv|ya?ml|toml|ini|db))?$/i,
  /^(?:secrets?|service[-_]account.*)\.(?:json|ya?ml|toml|env)$/i,
];

/** Examples of such files, made to be shared. */
const examples = /^\.env\.(?:example|sample|template|dist|defaults)$/i;

/** Folders of which nothing is kept. `.env` is also a habit for a Python environment. */
const secretFolders = new Set(['.aws', '.ssh', '.gnupg', '.env']);

/** Whether a path's name says that a secret is in it. @param path relative, with `/`. */
export function isSecretPath(path: string): boolean {
  const folders = path.split('/');
  const name = folders.pop() ?? '';
  if (folders.some((folder) => secretFolders.has(folder))) return true;
  return !examples.test(name) && secretFiles.some((pattern) => pattern.test(name));
}
