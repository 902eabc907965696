/** A Redis server of its own, for as long as a scope is open. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
};

/**
 * The shell between us and the server ends it when our end of its input closes: when it is told to, and also when this process is killed.
 * It says the server's process id first.
 */
const guard = '"$@" & echo $!; cat > /dev/null; kill -9 $! 2> /dev/null; wait';

/** An empty server in memory on a loopback port, and the way to end it. */
const start = async (port: number) => {
  const shell = spawn(
    "sh",
    ["-c", guard, "sh", "redis-server", "--port", String(port)].concat(
      ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"],
      ["--dir", "/tmp", "--daemonize", "no", "--logfile", ""],
    ),
    { stdio: ["pipe", "pipe", "inherit"] },
  );
  const closed = once(shell, "close");
  const stop = async () => {
    shell.stdin.end();
    await closed;
  };
  const said: Array<string> = [];
  let pid = 0;
  for await (const line of createInterface({ input: shell.stdout })) {
    if (pid === 0) pid = Number(line);
    else said.push(line);
    if (line.includes("Ready to accept connections")) {
      shell.stdout.resume();
      return { pid, stop };
    }
    // It never gets ready.
    if (/Failed listening|Fatal|aborting|exiting/.test(line)) break;
  }
  await stop();
  throw new Error(`redis-server did not start on port ${port}:\n${said.join("\n")}`);
};

/** A Redis server, empty at first. */
export class RedisServer extends Context.Service<
  RedisServer,
  {
    readonly url: string;
    /** To stop and continue it (SIGSTOP, SIGCONT), or to kill it. */
    readonly pid: number;
  }
>()("test/RedisServer") {
  static readonly layer = Layer.effect(
    RedisServer,
    Effect.gen(function* () {
      // Another process may take the port between the two steps.
      const { port, pid } = yield* Effect.acquireRelease(
        Effect.retry(
          Effect.tryPromise(async () => {
            const port = await freePort();
            return { port, ...(await start(port)) };
          }),
          { times: 4 },
        ),
        ({ stop }) => Effect.promise(stop),
      );
      return { pid, url: `redis://127.0.0.1:${port}` };
    }),
  );
}

export const isMissing = spawnSync("redis-server", ["--version"]).error !== undefined;
