import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const BINARY = join(process.env.CARGO_TARGET_DIR ?? resolve(import.meta.dirname, '../../target'), 'debug/ssm-server');
const READY_MS = 30_000;

/** The real server, with a port and data of its own. */
export class Server {
  readonly url: string;
  readonly #process: ChildProcess;
  readonly #dir: string;
  #log = '';

  private constructor(port: number, env: Record<string, string>) {
    this.url = `http://127.0.0.1:${port}`;
    this.#dir = mkdtempSync(join(tmpdir(), 'ssm-console-'));
    const settings = { BIND_HOST: '127.0.0.1', PORT: String(port), DATA_DIR: join(this.#dir, 'data') };
    this.#process = spawn(BINARY, { env: { ...settings, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.on('data', (text: Buffer) => (this.#log += text.toString()));
    }
  }

  static async start(env: Record<string, string> = {}): Promise<Server> {
    const server = new Server(await freePort(), env);
    const deadline = Date.now() + READY_MS;
    while (!(await isReady(server.url))) {
      if (Date.now() > deadline || server.#process.exitCode !== null) {
        throw new Error(`the server did not become ready:\n${server.#log}`);
      }
      await new Promise((next) => setTimeout(next, 50));
    }
    return server;
  }

  async stop() {
    const ended = new Promise((done) => this.#process.once('exit', done));
    this.#process.kill('SIGKILL');
    await ended;
    rmSync(this.#dir, { recursive: true });
  }
}

async function isReady(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/readyz`)).ok;
  } catch {
    return false;
  }
}

function freePort(): Promise<number> {
  return new Promise((done, failed) => {
    const probe = createServer().once('error', failed);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      const port = typeof address === 'object' ? address?.port : undefined;
      probe.close(() => (port === undefined ? failed(new Error('there is no port')) : done(port)));
    });
  });
}
