import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: [
      'src-analysis/**/*.test.ts',
      'src-attack/**/*.test.ts',
      'host/**/*.test.ts',
      'cli/**/*.test.ts',
      'server/**/*.test.ts',
      'client/**/*.test.ts',
      'test/*.test.ts',
      'test/lsp/**/*.test.ts',
    ],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
