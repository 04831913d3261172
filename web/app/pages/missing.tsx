// What is shown for an address that is not there.

import { render } from "preact";
import { LangSwitch } from "../parts/lang-switch";
import { speech } from "../words/lang";

const tongue = speech();

function Missing() {
  const w = tongue.words.value;
  document.documentElement.lang = tongue.lang.value;
  return (
    <main class="plain-page">
      <header class="plain-top">
        <h1>{w.missing.title}</h1>
        <LangSwitch speech={tongue} />
      </header>
      <p class="lead">{w.missing.text}</p>
      <p>
        <a class="button" href="/">
          {w.missing.home}
        </a>
      </p>
    </main>
  );
}

const root = document.getElementById("app");
if (root) {
  root.className = "lapak";
  render(<Missing />, root);
}
