/** Starts the page: with the key of this session, or by asking for it. */
import { startApp } from "./app.ts";
import { forgetKey, keepKey, keptKey, takeKeyFromAddress } from "./session.ts";
import { signIn } from "./signIn.ts";

const { body } = document;
let stop = () => {};

const start = (sentence = "") => {
  stop();
  stop = () => {};
  const key = keptKey();
  if (key === null) {
    signIn(body, sentence, (key) => {
      keepKey(key);
      start();
    });
    return;
  }
  const leave = (sentence: string) => {
    forgetKey();
    start(sentence);
  };
  stop = startApp(body, key, {
    signOut: () => leave("You are signed out."),
    refused: () => leave("The server does not take this key: sign in with another one."),
  });
};

takeKeyFromAddress();
addEventListener("hashchange", () => {
  if (takeKeyFromAddress()) start();
});
start();
