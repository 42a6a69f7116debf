import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, createSecureServer, type ClientHttp2Session, type Http2SecureServer, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What gRPC calls a caller that it does not know. */
const unauthenticated = { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '16', 'grpc-message': 'unknown key' };

/** Stands before a Temporal as the Cloud does: TLS with certificates on both sides, and an API key. */
export class GuardedTemporal {
  /** Calls that were let through, and that were not. */
  readonly calls = { served: 0, refused: 0 };
  private readonly folder = mkdtempSync(join(tmpdir(), 'shim-tls-'));
  private readonly upstream: ClientHttp2Session;
  private readonly server: Http2SecureServer;

  private constructor(
    private readonly key: string,
    address: string,
  ) {
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-addext', 'basicConstraints=critical,CA:FALSE'];
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', ...subject, '-keyout', this.keyFile, '-out', this.certificateFile], { stdio: 'ignore' });
    const cert = readFileSync(this.certificateFile);
    this.upstream = connect(`http://${address}`);
    this.server = createSecureServer({ key: readFileSync(this.keyFile), cert, ca: cert, requestCert: true, rejectUnauthorized: true });
    this.server.on('stream', (stream, headers) => this.pass(stream, headers));
  }

  /** @param address of the Temporal behind it. @param key the API key that it asks for. */
  static async start(address: string, key: string): Promise<GuardedTemporal> {
    const guarded = new GuardedTemporal(key, address);
    guarded.server.listen(0, '127.0.0.1');
    await once(guarded.server, 'listening');
    return guarded;
  }

  /** As the SDK's environment configuration has it. */
  environment(key: string): Record<string, string> {
    const { port } = this.server.address() as AddressInfo;
    return {
      TEMPORAL_ADDRESS: `localhost:${port}`,
      TEMPORAL_API_KEY: key,
      TEMPORAL_TLS_SERVER_CA_CERT_PATH: this.certificateFile,
      TEMPORAL_TLS_CLIENT_CERT_PATH: this.certificateFile,
      TEMPORAL_TLS_CLIENT_KEY_PATH: this.keyFile,
    };
  }

  async close(): Promise<void> {
    this.upstream.destroy();
    this.server.close();
    rmSync(this.folder, { recursive: true });
    await once(this.server, 'close');
  }

  private get keyFile(): string {
    return join(this.folder, 'key.pem');
  }

  private get certificateFile(): string {
    return join(this.folder, 'certificate.pem');
  }

  private pass(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    // Who ends, ends its calls, too.
    stream.on('error', () => undefined);
    if (headers.authorization !== `Bearer ${this.key}`) {
      this.calls.refused += 1;
      stream.respond(unauthenticated, { endStream: true });
      return;
    }
    this.calls.served += 1;
    const request = this.upstream.request({ ...headers, ':scheme': 'http' });
    let trailers: IncomingHttpHeaders = {};
    request.on('error', () => stream.destroy());
    request.on('response', (answer) => stream.respond(answer, { waitForTrailers: true }));
    request.on('trailers', (given) => {
      trailers = given;
    });
    stream.on('wantTrailers', () => stream.sendTrailers(trailers));
    stream.on('close', () => request.close());
    stream.pipe(request);
    request.pipe(stream);
  }
}
