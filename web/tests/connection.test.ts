// Reconnecting: by the server's policy and by the close code; draining opens the new socket first.

import { beforeEach, describe, expect, test } from "vitest";
import { Connection, type Status } from "../app/core/connection";
import type { Position, ServerMessage } from "../app/core/wire";
import { FakeSocket, recovered, Time, welcome } from "./fakes";

let time: Time;
let sockets: FakeSocket[];
let statuses: Status[];
let messages: ServerMessage[];
let opened: number;
let position: Position | null;
let token: string | null;
let random: number;
let connection: Connection;

const last = (): FakeSocket => {
  const socket = sockets.at(-1);
  if (!socket) throw new Error("no socket");
  return socket;
};
const status = (): Status | undefined => statuses.at(-1);
const greet = (): void => {
  last().open();
  last().tell(welcome());
};

beforeEach(() => {
  time = new Time();
  sockets = [];
  statuses = [];
  messages = [];
  opened = 0;
  position = null;
  token = "T1";
  random = 0.5;
  connection = new Connection({
    open: (url) => {
      const socket = new FakeSocket(url);
      sockets.push(socket);
      return socket;
    },
    now: time.now,
    random: () => random,
    timers: time.timers,
    url: "ws://shop/v1/lives/l1/ws",
    lang: () => "ms",
    token: () => token,
    resume: () => position,
    message: (message) => void messages.push(message),
    opened: () => {
      opened += 1;
    },
    closed: () => {},
    status: (next) => void statuses.push(next),
  });
  connection.start();
});

test("the first frame is connect, with token and language, and without a position at first", () => {
  last().open();
  expect(last().sent).toEqual([{ type: "connect", token: "T1", lang: "ms" }]);
  expect(connection.send({ type: "book" })).toBe(false);
  last().tell(welcome());
  expect(status()).toEqual({ kind: "open" });
  expect(opened).toBe(1);
  expect(connection.send({ type: "book" })).toBe(true);
});

test("a guest sends no token", () => {
  token = null;
  last().open();
  expect(last().sent).toEqual([{ type: "connect", lang: "ms" }]);
});

test("a frame with several messages is split; a torn line is left out", () => {
  greet();
  last().onmessage?.({ data: '{"type":"viewers","count":1}\n{"type":"vie\n\n{"type":"viewers","count":2}' });
  expect(messages.slice(1)).toEqual([
    { type: "viewers", count: 1 },
    { type: "viewers", count: 2 },
  ]);
});

test("comes back with the position", () => {
  greet();
  position = { epoch: 1, seq: 120 };
  last().drop(1006);
  expect(status()).toMatchObject({ kind: "offline" });
  time.advance(1_000);
  last().open();
  expect(last().sent[0]).toMatchObject({ resume: { epoch: 1, seq: 120 } });
});

describe("by close code", () => {
  test.each([
    // spread 3000, cap 20000, base 500; random is one half
    [1001, 1_500],
    [1012, 1_500],
    [1013, 12_500],
    [4103, 12_500],
    [4104, 0],
    [1006, 375],
    [1011, 375],
  ])("%i waits %i ms", (code, wait_ms) => {
    greet();
    last().drop(code);
    expect(time.wait()).toBe(wait_ms);
    time.advance(wait_ms);
    expect(sockets).toHaveLength(2);
  });

  test.each([
    [4400, "refused_frame"],
    [4401, "token"],
    [4403, "forbidden"],
    [4404, "not_found"],
    [4408, "token"],
  ])("%i does not come back (%s)", (code, why) => {
    greet();
    last().drop(code);
    expect(status()).toEqual({ kind: "ended", why });
    time.advance(3_600_000);
    expect(sockets).toHaveLength(1);
  });

  test("4429 waits as long as it was told", () => {
    greet();
    last().tell({ type: "error", code: "rate_limited", retry_ms: 7_000 });
    last().drop(4429);
    expect(time.wait()).toBe(7_000);
  });

  test("4429 reads the wait from the reason", () => {
    greet();
    last().drop(4429, '{"retry_ms":9000}');
    expect(time.wait()).toBe(9_000);
  });

  test("a new token brings it back after 4408", () => {
    greet();
    last().drop(4408);
    token = "T2";
    connection.refresh();
    last().open();
    expect(last().sent[0]).toMatchObject({ token: "T2" });
  });
});

test("backs off up to the cap, and starts afresh after a welcome", () => {
  greet();
  random = 1;
  const waits: (number | null)[] = [];
  for (let round = 0; round < 8; round++) {
    last().drop(1006);
    waits.push(time.wait());
    time.advance(time.wait() ?? 0);
  }
  expect(waits).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 20_000, 20_000]);
  greet();
  last().drop(1006);
  expect(time.wait()).toBe(500);
});

test("no welcome in 10 s counts as a broken socket", () => {
  last().open();
  time.advance(10_000);
  expect(last().closed).not.toBeNull();
  expect(status()).toMatchObject({ kind: "offline" });
});

test("the network's return is used at once", () => {
  greet();
  last().drop(1013);
  connection.hurry();
  expect(sockets).toHaveLength(2);
  expect(time.wait()).toBe(10_000);
});

test("renews the token in band", () => {
  greet();
  token = "T2";
  connection.refresh();
  expect(last().sent.at(-1)).toEqual({ type: "refresh", token: "T2" });
  expect(sockets).toHaveLength(1);
});

describe("draining", () => {
  beforeEach(() => {
    greet();
    position = { epoch: 1, seq: 130 };
    last().tell({ type: "drain", spread_ms: 20_000, url: "ws://other/v1/lives/l1/ws" });
  });

  test("waits inside the spread, opens the new one first, resumes, then closes the old one", () => {
    const [old] = sockets;
    time.advance(9_999);
    expect(sockets).toHaveLength(1);
    time.advance(1);
    expect(sockets).toHaveLength(2);
    expect(last().url).toBe("ws://other/v1/lives/l1/ws");
    old?.tell({ type: "viewers", count: 7 });
    expect(messages.at(-1)).toEqual({ type: "viewers", count: 7 });
    expect(old?.closed).toBeNull();
    last().open();
    expect(last().sent[0]).toMatchObject({ resume: { epoch: 1, seq: 130 } });
    last().tell(recovered(140));
    expect(old?.closed).toBe(1000);
    expect(opened).toBe(2);
    expect(statuses.filter(({ kind }) => kind !== "open" && kind !== "connecting")).toEqual([]);
    old?.tell({ type: "viewers", count: 8 });
    expect(messages.at(-1)).toMatchObject({ type: "welcome" });
  });

  test("keeps the old one while the new one does not come up", () => {
    time.advance(10_000);
    last().drop(1006);
    expect(connection.send({ type: "book" })).toBe(true);
    time.advance(1_000);
    expect(sockets).toHaveLength(3);
  });

  test("if the old one goes first, the new one is all there is", () => {
    const [old] = sockets;
    time.advance(10_000);
    old?.drop(1012);
    greet();
    expect(status()).toEqual({ kind: "open" });
    expect(sockets).toHaveLength(2);
  });

  test("if the old one goes before the wait is over, it comes back inside the spread", () => {
    last().drop(1012);
    expect(time.wait()).toBe(10_000);
    time.advance(10_000);
    expect(sockets).toHaveLength(2);
  });
});

test("a lost thread is mended by a second socket that asks for a snapshot", () => {
  greet();
  position = { epoch: 1, seq: 120 };
  connection.resync();
  connection.resync();
  expect(sockets).toHaveLength(2);
  last().open();
  expect(last().sent[0]).not.toHaveProperty("resume");
  last().tell(welcome());
  expect(sockets[0]?.closed).toBe(1000);
  connection.suspect();
  last().open();
  expect(last().sent[0]).toHaveProperty("resume");
});

test("a thread lost while a resuming socket is under way still ends in a snapshot", () => {
  greet();
  position = { epoch: 1, seq: 120 };
  connection.suspect();
  last().open();
  connection.resync();
  last().tell(recovered(130));
  expect(sockets).toHaveLength(3);
  last().open();
  expect(last().sent[0]).not.toHaveProperty("resume");
});

test("stop is the end", () => {
  greet();
  connection.stop();
  expect(last().closed).toBe(1000);
  time.advance(60_000);
  expect(sockets).toHaveLength(1);
});
