const begins = /-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----/;
const ends = /-----END [A-Z ]{0,30}PRIVATE KEY-----/;
const body = /^\s*(?:[A-Za-z0-9+/=]*|(?:Proc-Type|DEK-Info|Comment):.*)\s*$/;

/** Masks the lines of a private key that comes line by line: each alone looks like nothing. One for each stream. */
export class KeyBlock {
  private inside = false;

  /** Whether any line of a text may have to be masked; if not, `filter` need not be called. */
  concerns(text: string): boolean {
    return this.inside || begins.test(text);
  }

  /** The line, or the mask where it belongs to a key. The first and last line of a key are for the redactor. */
  filter(line: string): string {
    if (this.inside && body.test(line)) return '[redacted]';
    this.inside = begins.test(line) && !ends.test(line);
    return line;
  }
}
