import { defineConfig } from 'vitest/config';

const isFull = process.env.FAULTS === 'full';
/** Of two cores: most of their time they wait for servers and processes of their own. */
const WORKERS = 3;

export default defineConfig({
  test: {
    coverage: { provider: 'v8', include: ['src/**', 'workers/**'], reporter: ['text-summary'] },
    projects: [
      { test: { name: 'unit', include: ['test/unit/**/*.test.ts'], testTimeout: 20_000, maxWorkers: WORKERS } },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          maxWorkers: WORKERS,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          globalSetup: 'test/support/opencode/build.ts',
          testTimeout: 150_000,
          hookTimeout: 150_000,
          maxWorkers: WORKERS,
        },
      },
      {
        test: {
          name: 'faults',
          include: ['test/faults/**/*.test.ts'],
          testTimeout: isFull ? 3 * 3_600_000 : 180_000,
          hookTimeout: 60_000,
          // After the others, whose figures it would spoil. Most of its time it waits, so that two files go at once; in a full
          // run one does, so that its own figures hold.
          sequence: { groupOrder: 1 },
          maxWorkers: isFull ? 1 : 2,
        },
      },
    ],
  },
});
