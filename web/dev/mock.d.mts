// Types of the mock server, for the tests.

export interface Mock {
  address: string;
  port: number;
  // biome-ignore lint/suspicious/noExplicitAny: the mock's world is a scripted bag of values
  state: any;
  seen: { type: string; id?: string; [field: string]: unknown }[];
  connections(): number;
  tell_all(message: object): void;
  act(command: object, claims?: { sub: string; role: string }): { type: string; [field: string]: unknown };
  drain(spread_ms: number): void;
  close_all(code: number): void;
  stop(code?: number): Promise<void>;
}

export const CONTENT_POLICY: string;
export function token(sub: string, role: string): string;
// biome-ignore lint/suspicious/noExplicitAny: see above
export function world(options?: { lang?: string; accent?: string | null; clock_skew_ms?: number }): any;
export function start(options?: {
  port?: number;
  host?: string;
  state?: unknown;
  dist?: string;
  scene?: boolean;
}): Promise<Mock>;
