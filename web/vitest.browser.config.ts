// Tests that need a real browser: Chromium against the mock server and the built pages.
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["tests/browser/*.test.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // A page that needs longer than usual is no failure.
    expect: { poll: { timeout: 20_000 } },
    fileParallelism: false,
  },
});
