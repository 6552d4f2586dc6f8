import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { chromium } from 'playwright-core';
import { installOnce } from './install-once.mjs';
import { installPackages } from './npm-packages.mjs';
import { run } from './processes.mjs';
import { installVsCode } from './vscode-install.mjs';

/**
 * @typedef {{ executablePath: string, env?: Record<string, string> }} Candidate how to launch a browser
 * @typedef {import('playwright-core').Browser} Browser
 */

const NPM_CHROMIUM = '153.0.0';
const NPM_FONTS = '2.37.3';
const INSTALLED = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];

/** The first of these programs that is on the path. @returns {Candidate | undefined} */
function installedChromium() {
  for (const folder of (process.env.PATH ?? '').split(path.delimiter)) {
    const program = INSTALLED.find(name => fs.existsSync(path.join(folder, name)));
    if (program) return { executablePath: path.join(folder, program) };
  }
  return undefined;
}

/** @param {string} folder of the fonts and of the browser's own fonts */
function fontConfiguration(folder) {
  return `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>${folder}/node_modules/dejavu-fonts-ttf/ttf</dir>
  <dir>${folder}/fonts</dir>
  <alias><family>monospace</family><prefer><family>DejaVu Sans Mono</family></prefer></alias>
  <alias><family>sans-serif</family><prefer><family>Open Sans</family></prefer></alias>
  <cachedir>${folder}/font-cache</cachedir>
</fontconfig>
`;
}

/**
 * The browser inside the npm package @sparticuz/chromium, with fonts from another: it needs no package manager, no
 * root and no library beyond the C library. x64 only.
 * @returns {Promise<Candidate | undefined>}
 */
async function npmChromium() {
  if (process.arch !== 'x64') return undefined;
  const { node } = await installVsCode('current');
  const folder = await installOnce(`chromium-${NPM_CHROMIUM}`, async target => {
    await installPackages(target, { '@sparticuz/chromium': NPM_CHROMIUM, 'dejavu-fonts-ttf': NPM_FONTS });
    // It unpacks into the temporary folder; the AWS name makes it unpack the libraries that a bare system lacks.
    const env = { ...process.env, TMPDIR: target, AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x' };
    const unpack = "import('@sparticuz/chromium').then(chromium => chromium.default.executablePath())";
    const { ok, output, reason } = await run(node, ['-e', unpack], { cwd: target, env, capture: true, seconds: 120 });
    if (!ok) throw new Error(`the browser could not be unpacked (${reason}): ${output.trim()}`);
    fs.accessSync(path.join(target, 'chromium'), fs.constants.X_OK);
    fs.rmSync(path.join(target, 'node_modules/@sparticuz'), { recursive: true });
  });
  // Written here and not at installation: it names the final folder.
  const fonts = path.join(folder, 'fonts.conf');
  if (!fs.existsSync(fonts)) fs.writeFileSync(fonts, fontConfiguration(folder));
  return {
    executablePath: path.join(folder, 'chromium'),
    env: { LD_LIBRARY_PATH: path.join(folder, 'al2023/lib'), FONTCONFIG_FILE: fonts },
  };
}

/** Debian's browser, where we may install it. @returns {Promise<Candidate | undefined>} */
async function aptChromium() {
  if (process.getuid?.() !== 0 || !fs.existsSync('/usr/bin/apt-get')) return undefined;
  console.log('Installing Debian packages chromium and fonts-dejavu-core…');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const options = { env, stdio: /** @type {const} */ ('ignore') };
  execFileSync('apt-get', ['update'], options);
  execFileSync('apt-get', ['install', '-y', '--no-install-recommends', 'chromium', 'fonts-dejavu-core'], options);
  return installedChromium();
}

const COMMON_ARGS = [
  '--no-sandbox',
  '--disable-dev-shm-usage',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/**
 * @param {Candidate} candidate
 * @param {string[]} args
 * @returns {Promise<Browser>}
 */
function launch({ executablePath, env }, args) {
  return chromium.launch({
    executablePath,
    headless: true,
    // Under the C locale the browser's language would be "en-US@posix", which Intl refuses.
    env: { .../** @type {Record<string, string>} */ (process.env), LC_ALL: 'en_US.UTF-8', ...env },
    args: [...COMMON_ARGS, ...args],
  });
}

/**
 * A headless Chromium: $CHROMIUM (a program, or `npm` for the one from npm), else an installed one, else the one from
 * npm, else (as root) Debian's.
 * A browser that does not start is passed over, and named if none does.
 * @param {string[]} [args] Chromium's graphics flags; the default is no GPU
 * @returns {Promise<Browser>}
 */
export async function startBrowser(args = ['--disable-gpu']) {
  const chosen = process.env.CHROMIUM;
  if (chosen && chosen !== 'npm') return launch({ executablePath: chosen }, args);
  const failures = [];
  for (const find of chosen === 'npm' ? [npmChromium] : [installedChromium, npmChromium, aptChromium]) {
    try {
      const candidate = await find();
      if (candidate) return await launch(candidate, args);
    } catch (error) {
      failures.push(`${find.name}: ${error instanceof Error ? error.message : error}`);
    }
  }
  throw new Error(`No browser could be started; set CHROMIUM to one.\n${failures.join('\n')}`);
}
