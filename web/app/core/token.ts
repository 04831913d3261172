// The token of a page: arrives in the URL fragment, moves to sessionStorage, leaves the address bar.

const key = (page: string): string => `lapak.token.${page}`;

/** Takes `#token=…` out of the address, or gives what this tab kept for this page. */
export function take_token(page: string): string | null {
  const found = new URLSearchParams(location.hash.slice(1)).get("token");
  if (found) {
    history.replaceState(history.state, "", location.pathname + location.search);
    keep_token(page, found);
    return found;
  }
  try {
    return sessionStorage.getItem(key(page));
  } catch {
    return null;
  }
}

/** Keeps the token for this tab, or forgets it. */
export function keep_token(page: string, token: string | null): void {
  try {
    if (token) sessionStorage.setItem(key(page), token);
    else sessionStorage.removeItem(key(page));
  } catch {
    // Storage is forbidden: the token lives as long as this page.
  }
}

/** A new link opened in the same tab only changes the fragment. */
export function on_new_token(page: string, use: (token: string) => void): void {
  addEventListener("hashchange", () => {
    const token = location.hash.includes("token=") ? take_token(page) : null;
    if (token) use(token);
  });
}

/** One claim of a token, for what the page shows or keeps apart; the server judges the token. */
export function claim(token: string | null, name: string): string | null {
  try {
    const body = (token ?? "").split(".")[1];
    if (!body) return null;
    const claims: unknown = JSON.parse(atob(body.replaceAll("-", "+").replaceAll("_", "/")));
    if (typeof claims !== "object" || claims === null) return null;
    const found = (claims as Record<string, unknown>)[name];
    return found === undefined || found === null ? null : String(found);
  } catch {
    return null;
  }
}

/** `{live}` of `/watch/{live}`. */
export function live_of_path(): string {
  return decodeURIComponent(location.pathname.split("/")[2] ?? "");
}
