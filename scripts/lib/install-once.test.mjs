import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { installOnce } from './install-once.mjs';

describe('installOnce', () => {
  let cache = '';
  beforeEach(() => {
    cache = fs.mkdtempSync(path.join(os.tmpdir(), 'leaklint-install-'));
    vi.stubEnv('LEAKLINT_CACHE', cache);
    vi.spyOn(console, 'log').mockReturnValue();
    install.mockClear();
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
    fs.rmSync(cache, { recursive: true });
  });

  const install = vi.fn(async (/** @type {string} */ folder) => {
    await new Promise(resolve => setTimeout(resolve, 20));
    fs.writeFileSync(path.join(folder, 'tool'), '');
  });

  it('installs once, however many ask', async () => {
    const folders = await Promise.all([installOnce('tool-1', install), installOnce('tool-1', install)]);
    expect(folders).toEqual([path.join(cache, 'tool-1'), path.join(cache, 'tool-1')]);
    await installOnce('tool-1', install);
    expect(install).toHaveBeenCalledTimes(1);
    expect(fs.readdirSync(cache)).toEqual(['tool-1']);
  });

  it('starts again after an installation that failed', async () => {
    await expect(installOnce('tool-1', () => Promise.reject(new Error('no network')))).rejects.toThrow('no network');
    expect(fs.existsSync(path.join(cache, 'tool-1'))).toBe(false);
    expect(fs.readdirSync(await installOnce('tool-1', install))).toEqual(['tool']);
    expect(fs.readdirSync(cache)).toEqual(['tool-1']);
  });

  it('takes over from a process that was killed', async () => {
    const beyondEveryPid = 2 ** 22 + 1;
    fs.writeFileSync(path.join(cache, 'tool-1.lock'), String(beyondEveryPid));
    fs.mkdirSync(path.join(cache, 'tool-1.partial-abc'));
    await installOnce('tool-1', install);
    expect(fs.readdirSync(cache)).toEqual(['tool-1']);
  });
});
