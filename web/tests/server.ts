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
  readonly #env: Record<string, string>;
  readonly #dir: string;
  #process: ChildProcess | undefined;
  #log = '';

  private constructor(port: number, env: Record<string, string>) {
    this.url = `http://127.0.0.1:${port}`;
    this.#dir = mkdtempSync(join(tmpdir(), 'ssm-console-'));
    const settings = { BIND_HOST: '127.0.0.1', PORT: String(port), DATA_DIR: join(this.#dir, 'data') };
    this.#env = { ...settings, ...env };
  }

  static async start(env: Record<string, string> = {}): Promise<Server> {
    const server = new Server(await freePort(), env);
    await server.comeBack();
    return server;
  }

  /** Begins to serve at the same address and with the same data as before. */
  async comeBack() {
    const started = spawn(BINARY, { env: this.#env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#process = started;
    for (const stream of [started.stdout, started.stderr]) {
      stream.on('data', (text: Buffer) => (this.#log += text.toString()));
    }
    const deadline = Date.now() + READY_MS;
    while (!(await isReady(this.url))) {
      if (Date.now() > deadline || started.exitCode !== null) {
        throw new Error(`the server did not become ready:\n${this.#log}`);
      }
      await new Promise((next) => setTimeout(next, 50));
    }
  }

  /** Is gone from one moment to the next, as in a crash. */
  async goAway() {
    const process = this.#process;
    if (process === undefined) return;
    const ended = new Promise((done) => process.once('exit', done));
    process.kill('SIGKILL');
    await ended;
    this.#process = undefined;
  }

  async stop() {
    await this.goAway();
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
