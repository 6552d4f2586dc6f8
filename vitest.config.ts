import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    setupFiles: ['test/setup.ts'],
    include: [
      'src-analysis/**/*.test.ts',
      'src-attack/**/*.test.ts',
      'host/**/*.test.ts',
      'cli/**/*.test.ts',
      'server/**/*.test.ts',
      'client/**/*.test.ts',
      'scripts/**/*.test.mjs',
      'study/**/*.test.ts',
      'test/*.test.ts',
      'test/lsp/**/*.test.ts',
    ],
    // Some tests start processes of their own: more workers than this make small machines thrash.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
