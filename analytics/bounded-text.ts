/** An answer of a service has at most so many bytes, unpacked: a hundred times what any of ours has. */
const mostBytes = 32 * 1_048_576;

/** The whole text of an answer. @throws RangeError where it is longer than any answer is; what is not read is given up. */
export async function boundedText(response: Response, limit = mostBytes): Promise<string> {
  if (response.body === null) return '';
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  // Leaving the loop cancels the rest.
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    if (bytes > limit) throw new RangeError(`an answer of more than ${limit} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
