import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { imageFiles } from './attack-images.ts';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'leaklint-images-'));
const absolute = (file: string) => path.resolve(folder, file);
beforeAll(() => {
  for (const name of ['many/b.PNG', 'many/a.jpg', 'many/notes.txt', 'a,b.png', 'crowd/x.png']) {
    fs.mkdirSync(path.dirname(absolute(name)), { recursive: true });
    fs.writeFileSync(absolute(name), '');
  }
  for (let i = 0; i < 64; i++) fs.writeFileSync(absolute(`crowd/${i}.png`), '');
  fs.mkdirSync(absolute('empty'));
});
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

it.each([
  [['x.png'], ['x.png']],
  [
    ['x.png,y.png', 'z.jpg'],
    ['x.png', 'y.png', 'z.jpg'],
  ],
  [['many'], ['many/a.jpg', 'many/b.PNG']],
  [['many,x.png'], ['many/a.jpg', 'many/b.PNG', 'x.png']],
  [['a,b.png'], ['a,b.png']],
])('%j are the files %j', async (named, files) => {
  expect(await imageFiles(named, absolute)).toEqual(files.map(absolute));
});

it.each([
  [['empty'], /has no PNG or JPEG/],
  [['crowd'], /65 images are too many/],
])('%j is refused', async (named, message) => {
  await expect(imageFiles(named, absolute)).rejects.toThrow(message);
});
