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

const MIT_OF_MICROSOFT = `MIT License

Copyright (c) Microsoft Corporation

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`;

/** Licences of packages that carry no file of them, from their repositories. @type {Record<string, string>} */
const LICENCES_ELSEWHERE = {
  'onnxruntime-common': MIT_OF_MICROSOFT,
  'onnxruntime-node': MIT_OF_MICROSOFT,
  'onnxruntime-web': MIT_OF_MICROSOFT,
  '@bufbuild/protobuf':
    'Copyright 2021-2026 Buf Technologies, Inc. and, for its Protocol Buffers code, Copyright 2008 Google Inc.\n' +
    'The Apache License 2.0 is printed below, under typescript; the BSD 3-Clause License is printed below, under jpeg-js.',
};

/** @param {string} folder */
function notice(folder) {
  const { name, version, license, repository } = JSON.parse(
    fs.readFileSync(path.join(root, folder, 'package.json'), 'utf8'),
  );
  const files = fs.readdirSync(path.join(root, folder)).filter(file => LICENCE_FILE.test(file));
  const texts = files.map(file => fs.readFileSync(path.join(root, folder, file), 'utf8').trim());
  if (texts.length === 0) texts.push(LICENCES_ELSEWHERE[name] ?? '');
  if (texts.includes('')) throw new Error(`${name} carries no licence file: add its licence to LICENCES_ELSEWHERE`);
  const source = repository?.url ?? repository;
  const facts = [`Licence: ${license}`, ...(source ? [`Source: ${source}`] : [])];
  return [`## ${name} ${version}`, ...facts, ...texts.map(text => `\`\`\`\`text\n${text}\n\`\`\`\``)].join('\n\n');
}

/**
 * A file generated from somebody else's work, whose licence stands beside it.
 * @param {string} title
 * @param {string} licence
 */
function ownNotice(title, licence) {
  const text = fs.readFileSync(path.join(root, licence), 'utf8').trim();
  return `## ${title}\n\nLicence: Apache-2.0\n\n\`\`\`\`text\n${text}\n\`\`\`\``;
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
  notices.push(ownNotice('onnx.proto, the schema of ONNX 1.23.2', 'src-analysis/readers/onnx/generated/LICENSE'));
  return `# Third-party notices\n\nLeaklint's bundles contain code of these packages.\n\n${notices.join('\n\n')}\n`;
}
