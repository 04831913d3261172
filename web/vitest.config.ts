// Tests of the client core: pure TypeScript, no browser.
import { defineConfig } from "vitest/config";

export default defineConfig({ test: { include: ["tests/*.test.ts"] } });
