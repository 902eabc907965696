/** A Postgres server of its own, for as long as this process lives; each database in it is empty at first. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** Where Debian has the programs of its newest version, which are not all in the path. */
const folder = ((): string | undefined => {
  const versions = "/usr/lib/postgresql";
  const all = existsSync(versions) ? readdirSync(versions) : [];
  return all
    .toSorted((a, b) => Number(b) - Number(a))
    .map((version) => join(versions, version, "bin"))
    .find((bin) => existsSync(join(bin, "initdb")) && existsSync(join(bin, "postgres")));
})();

/** Not to be had, where that is no reason to fail: on CI it is. */
export const isMissing = folder === undefined && process.env["CI"] === undefined;

/** It does not run as root: then as the first of these users that there is. */
const user = (): { uid: number; gid: number } | undefined => {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ["postgres", "nobody"]) {
    const idOf = (flag: string) => spawnSync("id", [flag, name], { encoding: "utf8" });
    const [uid, gid] = [idOf("-u"), idOf("-g")];
    if (uid.status === 0) return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  }
  throw new Error("there is neither a user postgres nor a user nobody");
};

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
};

/** Ends the server when our end of its input closes, also when this process is killed; what it wrote is kept if we say so. */
const guard =
  '"$@" 2>&1 & read -r keep; kill -QUIT $! 2> /dev/null; wait; [ -n "$keep" ] || rm -rf "$PGDATA"';

export interface PostgresServer {
  /** The address of a new database. */
  readonly newDatabase: () => Promise<string>;
  /** It goes away, and comes back with what it had. */
  readonly stop: () => Promise<void>;
  readonly start: () => Promise<void>;
  /** All of its processes stand still, and go on: connections are taken, and nothing answers. */
  readonly freeze: () => void;
  readonly thaw: () => void;
}

/** A process and all that it has started, which may have been a group of their own. */
const withChildren = (pid: number): ReadonlyArray<number> => [
  pid,
  ...readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, "utf8")
      .split(" ")
      .filter((child) => child !== "")
      .flatMap((child) => withChildren(Number(child))),
  ),
];

const run = (program: string, args: ReadonlyArray<string>, as: { uid: number } | undefined) => {
  const { status, stderr } = spawnSync(join(folder ?? "", program), args, {
    ...as,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`${program}: ${stderr}`);
};

export interface PostgresOptions {
  /** Whether it waits for the disk. What is killed in tests is the server, not the machine: they need not. */
  readonly isDurable?: boolean | undefined;
}

/** Answers what can be done to it. */
const launch = async (directory: string, port: number, { isDurable = false }: PostgresOptions) => {
  // No sockets but on loopback.
  const settings = [
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    `fsync=${isDurable ? "on" : "off"}`,
  ];
  const shell = spawn(
    "sh",
    ["-c", guard, "sh", join(folder ?? "", "postgres"), "-p", String(port)].concat(
      settings.flatMap((setting) => ["-c", setting]),
    ),
    { ...user(), env: { ...process.env, PGDATA: directory }, stdio: ["pipe", "pipe", "inherit"] },
  );
  const said: Array<string> = [];
  for await (const line of createInterface({ input: shell.stdout })) {
    said.push(line);
    if (line.includes("ready to accept connections")) {
      shell.stdout.resume();
      const tell = (signal: NodeJS.Signals) => {
        for (const pid of withChildren(shell.pid!)) process.kill(pid, signal);
      };
      return {
        stop: async () => {
          const closed = once(shell, "close");
          shell.stdin.end("keep\n");
          await closed;
        },
        freeze: () => tell("SIGSTOP"),
        thaw: () => tell("SIGCONT"),
      };
    }
    if (line.includes("FATAL")) break;
  }
  throw new Error(`postgres did not start:\n${said.join("\n")}`);
};

const start = async (options: PostgresOptions): Promise<PostgresServer> => {
  const as = user();
  const directory = mkdtempSync(join(tmpdir(), "postgres-"));
  if (as !== undefined) chownSync(directory, as.uid, as.gid);
  const trust = ["-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"];
  run("initdb", ["-D", directory, ...trust], as);
  const port = await freePort();
  let running = await launch(directory, port, options);
  let databases = 0;
  return {
    newDatabase: async () => {
      const name = `metrics${databases++}`;
      const where = ["-h", "127.0.0.1", "-p", String(port), "-U", "postgres"];
      run("createdb", [...where, "-T", "template0", name], as);
      return `postgres://postgres@127.0.0.1:${port}/${name}`;
    },
    stop: () => running.stop(),
    freeze: () => running.freeze(),
    thaw: () => running.thaw(),
    start: async () => {
      running = await launch(directory, port, options);
    },
  };
};

let shared: Promise<PostgresServer> | undefined;

/** The one of this process, as it is asked for at first. */
export const postgresServer = (options: PostgresOptions = {}): Promise<PostgresServer> =>
  (shared ??= start(options));
