/** Who may look. */
import { makeApi, Refused } from "./api.ts";
import { h } from "./dom.ts";

/** What a header can carry, and a key is made of. */
const isKey = (text: string) => /^[\x21-\x7e]+$/.test(text);

const wrongKey = "This is not the API key of this server.";

/** Asks for the key until it is the right one. */
export const signIn = (
  body: HTMLElement,
  sentence: string,
  signedIn: (key: string) => void,
): void => {
  const input = h("input", {
    type: "password",
    name: "key",
    autocomplete: "off",
    spellcheck: "false",
    required: true,
    "aria-describedby": "hint trouble",
  });
  const trouble = h("p", { class: "trouble", id: "trouble", role: "alert" }, sentence);
  const button = h("button", { class: "primary" }, "Sign in");
  const form = h(
    "form",
    { class: "sign-in" },
    h("h1", {}, "Syvain Metrics"),
    h("label", {}, h("span", {}, "API key"), input),
    h(
      "p",
      { class: "hint", id: "hint" },
      "The server printed it when it started. It is kept until this tab is closed.",
    ),
    button,
    trouble,
  );
  const check = async () => {
    const key = input.value.trim();
    button.disabled = true;
    trouble.textContent = "";
    try {
      if (!isKey(key)) throw new Refused(wrongKey);
      await makeApi(key, AbortSignal.timeout(20_000)).check();
      signedIn(key);
    } catch (error) {
      const isWrong = error instanceof Refused && (error.status === 401 || error.status === 403);
      trouble.textContent = isWrong
        ? wrongKey
        : error instanceof Refused
          ? error.message
          : "The server does not answer.";
      input.select();
      input.focus();
    }
    button.disabled = false;
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void check();
  });
  body.replaceChildren(h("main", { class: "alone" }, form));
  input.focus();
};
