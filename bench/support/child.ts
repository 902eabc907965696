import { fork } from "node:child_process";
import { once } from "node:events";

/** Starts a server of this folder in a process of its own, and answers its origin. It ends with this process. */
export const startServer = async (name: string, ...args: Array<string>): Promise<string> => {
  const child = fork(`${import.meta.dirname}/${name}.ts`, args, { stdio: "inherit" });
  child.unref();
  const [port] = await once(child, "message");
  child.channel?.unref();
  return `http://127.0.0.1:${port}`;
};
