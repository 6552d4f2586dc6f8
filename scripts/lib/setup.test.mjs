import { expect, it } from 'vitest';
import { holdsWhatIsLocked } from './setup.mjs';

const locked = {
  '': {},
  'node_modules/a': { version: '1.0.0' },
  'node_modules/other-platform': { version: '1.0.0', optional: true },
};

it.each([
  ['everything that this platform needs', { 'node_modules/a': { version: '1.0.0' } }, true],
  ['another version', { 'node_modules/a': { version: '0.9.0' } }, false],
  ['a package missing', {}, false],
  [
    'another version of an optional package',
    { 'node_modules/a': { version: '1.0.0' }, 'node_modules/other-platform': { version: '2.0.0' } },
    false,
  ],
])('an installation with %s', (_name, installed, current) => {
  expect(holdsWhatIsLocked(installed, locked)).toBe(current);
});
