import * as fs from 'node:fs';
import * as path from 'node:path';
import { root } from './paths.mjs';

const LICENCE_FILE = /^(licen[cs]e|notice|copying|thirdpartynotice)/i;

/**
 * The folder of the package that a bundled file belongs to.
 * @param {string} input path relative to the root
 */
function packageFolder(input) {
  const at = input.lastIndexOf('node_modules/');
  if (at < 0) return undefined;
  const parts = input.slice(at + 'node_modules/'.length).split('/');
  return input.slice(0, at) + path.posix.join('node_modules', ...parts.slice(0, parts[0]?.startsWith('@') ? 2 : 1));
}

/** @param {string} folder */
function notice(folder) {
  const { name, version, license } = JSON.parse(fs.readFileSync(path.join(root, folder, 'package.json'), 'utf8'));
  const files = fs.readdirSync(path.join(root, folder)).filter(file => LICENCE_FILE.test(file));
  const texts = files.map(file => fs.readFileSync(path.join(root, folder, file), 'utf8').trim());
  return [`## ${name} ${version}`, `Licence: ${license}`, ...texts.map(text => `\`\`\`\`text\n${text}\n\`\`\`\``)].join(
    '\n\n',
  );
}

/**
 * The licences of every package that has code in our bundles, as Markdown.
 * @param {Iterable<string>} inputs the bundled files, relative to the root, as esbuild's metafile names them
 */
export function thirdPartyNotices(inputs) {
  const folders = new Set();
  for (const input of inputs) folders.add(packageFolder(input));
  folders.delete(undefined);
  const notices = [...folders].sort().map(notice);
  return `# Third-party notices\n\nLeaklint's bundles contain code of these packages.\n\n${notices.join('\n\n')}\n`;
}
