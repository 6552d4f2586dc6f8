/** Texts of files on disk, kept as long as time stamp and size stay the same; shared by the checks of one process. */
import { readFileSync, statSync } from 'node:fs';

/** Larger files are not read. Bytes. */
const maximalSize = 2 * 1024 * 1024;
const maximalFiles = 600;

export interface CachedText {
  readonly stamp: string;
  readonly text: string;
  /** What the text imports and loads, once somebody asked. */
  specifiers?: readonly string[];
}

const cache = new Map<string, CachedText>();

/** A regular UTF-8 file of at most 2 MiB; undefined where there is none. */
export function cachedText(file: string): CachedText | undefined {
  try {
    const stats = statSync(file, { throwIfNoEntry: false });
    if (!stats?.isFile() || stats.size > maximalSize) return undefined;
    const stamp = `${stats.mtimeMs} ${stats.size}`;
    const known = cache.get(file);
    if (known?.stamp === stamp) return known;
    const text = new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file));
    const fresh: CachedText = { stamp, text };
    cache.delete(file);
    cache.set(file, fresh);
    const [oldest] = cache.keys();
    if (cache.size > maximalFiles && oldest !== undefined) cache.delete(oldest);
    return fresh;
  } catch {
    // It may be gone, not ours to read, or not UTF-8: there is none, then.
    return undefined;
  }
}
