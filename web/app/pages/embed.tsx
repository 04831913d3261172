// /embed.js: the overlay as a web component for pages of any origin.
//
//   <script src="https://lapak.example/embed.js" async></script>
//   <lapak-overlay live="…" token="…"></lapak-overlay>
//
// `server` defaults to the origin of this script; `lang` to the live's; a new `token` renews the old one in band.

import { effect } from "@preact/signals";
import { render } from "preact";
import { paint_accent } from "../core/accent";
import { type Live, open_live } from "../core/live";
import { LangSwitch } from "../parts/lang-switch";
import { Reputation } from "../parts/reputation";
import { Stage, useStage } from "../parts/stage";
import { Viewer, Viewers } from "../parts/viewer";
import css from "../styles/embed.css?inline";
import { speech } from "../words/lang";

const own_origin = script_origin();

function script_origin(): string {
  const current = document.currentScript;
  const found =
    current instanceof HTMLScriptElement
      ? current
      : document.querySelector<HTMLScriptElement>('script[src*="/embed.js"]');
  return found?.src ? new URL(found.src).origin : location.origin;
}

function Embedded() {
  const { live, speech } = useStage();
  const about = live.state.value.live;
  return (
    <section class="embed" aria-label={about?.title ?? "Lapak"}>
      <header class="embed-top">
        <div>
          <h2>{about?.title ?? "Lapak"}</h2>
          {about && <Viewers />}
        </div>
        <Reputation />
        <LangSwitch speech={speech} short />
      </header>
      <Viewer />
    </section>
  );
}

class LapakOverlay extends HTMLElement {
  static readonly observedAttributes = ["live", "token", "server", "lang"];
  private live: Live | null = null;
  private release: (() => void) | null = null;

  connectedCallback(): void {
    this.begin();
  }

  disconnectedCallback(): void {
    this.end();
  }

  attributeChangedCallback(name: string, before: string | null, after: string | null): void {
    if (!this.isConnected || before === after) return;
    if (name === "token" && this.live) this.live.renew(after);
    else {
      this.end();
      this.begin();
    }
  }

  private begin(): void {
    const id = this.getAttribute("live");
    if (!id || this.live) return;
    const shadow = this.shadowRoot ?? this.attachShadow({ mode: "open" });
    shadow.adoptedStyleSheets = [sheet()];
    const root = shadow.querySelector("div") ?? shadow.appendChild(document.createElement("div"));
    root.className = "lapak";
    const tongue = speech(this.getAttribute("lang"));
    const live = open_live({
      live: id,
      server: this.getAttribute("server") ?? own_origin,
      token: this.getAttribute("token"),
      lang: () => tongue.lang.peek(),
    });
    this.live = live;
    const unwatch = effect(() => {
      tongue.suggest(live.about.value?.lang);
      root.lang = tongue.lang.value;
      paint_accent(root, live.about.value?.accent);
    });
    render(
      <Stage live={live} speech={tongue}>
        <Embedded />
      </Stage>,
      root,
    );
    this.release = () => {
      unwatch();
      render(null, root);
    };
  }

  private end(): void {
    this.release?.();
    this.live?.stop();
    this.release = null;
    this.live = null;
  }
}

let made: CSSStyleSheet | null = null;

/** One constructed sheet for all overlays of a page: no style element, so a strict policy of that page stays content. */
function sheet(): CSSStyleSheet {
  if (!made) {
    made = new CSSStyleSheet();
    made.replaceSync(css);
  }
  return made;
}

if (!customElements.get("lapak-overlay")) customElements.define("lapak-overlay", LapakOverlay);
