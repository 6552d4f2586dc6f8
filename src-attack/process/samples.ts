import { existsSync, readdirSync, readFileSync } from 'node:fs';
import * as path from 'node:path';

/** The pictures that come with Leaklint, by name: media/samples above this file, bundled or not. Empty where there are none. */
export function samplePictures(): Uint8Array[] {
  for (let folder = import.meta.dirname; ; folder = path.dirname(folder)) {
    const samples = path.join(folder, 'media', 'samples');
    if (existsSync(samples)) {
      const names = readdirSync(samples).filter(name => name.endsWith('.png'));
      return names.sort().map(name => readFileSync(path.join(samples, name)));
    }
    if (folder === path.dirname(folder)) return [];
  }
}
