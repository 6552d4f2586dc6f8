import picomatch from 'picomatch';
import type { ResolvedConfig } from './config.ts';

/** A predicate on paths relative to the configuration's folder, with forward slashes. A folder stands for all it holds. */
export function matcherOf(globs: readonly string[]): (path: string) => boolean {
  const patterns = globs.flatMap(glob => {
    const pattern = glob.replace(/^\.\//, '').replace(/\/+$/, '');
    return [pattern, `${pattern}/**`];
  });
  return patterns.length === 0 ? () => false : picomatch(patterns, { dot: true, windows: false });
}

/** Whether the configuration's `include` and `exclude` let a file be checked. */
export function fileFilterOf(config: ResolvedConfig): (path: string) => boolean {
  const included = config.include.length === 0 ? () => true : matcherOf(config.include);
  const excluded = matcherOf(config.exclude);
  return path => included(path) && !excluded(path);
}
