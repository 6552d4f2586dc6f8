import { folderOf, joinPath } from './paths.ts';
import { type Alias, type ProjectConfig, projectConfig, type ReadText } from './project-config.ts';

/** Finds the files that module specifiers may mean, with what the project's configuration says of them. */
export interface ModulePaths {
  /** Paths to try for a specifier in a file, the likeliest first; none for packages. */
  readonly candidates: (specifier: string, from: string) => readonly string[];
}

/** Endings tried for a path that names no file, in this order. */
const endings = ['', '.ts', '.tsx', '.js', '.jsx', '.mjs', '.cjs', '.mts', '.cts', '.json', '.vue', '.svelte'];

/**
 * Names that stand for folders of the project by custom, where no configuration says so: `@/` and `~/` as in the templates
 * of Vue, Nuxt and Next, `$lib/` as in SvelteKit, `/` as bundlers serve a project. No package can have such a name.
 */
const customs: readonly (readonly [prefix: string, folders: readonly string[]])[] = [
  ['@/', ['src', '.', 'app']],
  ['~/', ['src', '.', 'app']],
  ['$lib/', ['src/lib']],
  ['/', ['.', 'public', 'static']],
];

/** As bundlers, TypeScript and Node resolve specifiers; configuration is read once for each folder. */
export function createModulePaths(read: ReadText): ModulePaths {
  const configs = new Map<string, ProjectConfig>();
  const configOf = (folder: string): ProjectConfig => {
    const known = configs.get(folder) ?? projectConfig(folder, read);
    configs.set(folder, known);
    return known;
  };
  return {
    candidates(specifier, from) {
      const name = specifier.replace(/(?!^)[?#].*$/, '');
      const folder = folderOf(from);
      if (/^\.{1,2}(\/|$)/.test(name)) return filesAt(joinPath(folder, name), /(^|\/)\.{0,2}$/.test(name));
      if (name === '' || name.length > 500 || /^[a-z][\w+.-]*:/i.test(name)) return [];
      return basesOf(name, folder, configOf(folder)).flatMap(base => filesAt(base, name.endsWith('/')));
    },
  };
}

/** What a specifier that is not relative may stand for, without endings. */
function basesOf(name: string, folder: string, { root, imports, paths, baseUrl }: ProjectConfig): readonly string[] {
  const found = matched(name.startsWith('#') ? [...imports, ...paths] : paths, name);
  if (found.length > 0) return found;
  const custom = customs.find(([prefix]) => name.startsWith(prefix));
  if (custom) return custom[1].map(inner => joinPath(joinPath(root ?? folder, inner), name.slice(custom[0].length)));
  return baseUrl === undefined || name.startsWith('#') ? [] : [joinPath(baseUrl, name)];
}

/** The targets of the name itself, or else of the pattern with the longest part before its star. */
function matched(aliases: readonly Alias[], name: string): readonly string[] {
  const exact = aliases.find(({ pattern }) => pattern === name);
  if (exact) return exact.targets;
  let best: { readonly alias: Alias; readonly prefix: string; readonly rest: string } | undefined;
  for (const alias of aliases) {
    const [prefix = '', suffix, ...more] = alias.pattern.split('*');
    if (suffix === undefined || more.length > 0 || name.length < prefix.length + suffix.length) continue;
    if (!name.startsWith(prefix) || !name.endsWith(suffix) || (best && best.prefix.length >= prefix.length)) continue;
    best = { alias, prefix, rest: name.slice(prefix.length, name.length - suffix.length) };
  }
  const rest = best?.rest ?? '';
  return (best?.alias.targets ?? []).map(target => target.replace('*', () => rest));
}

/** The files that a path without an ending, or of a folder, may mean. */
function filesAt(base: string, isFolder: boolean): string[] {
  // TypeScript imports `./x.ts` by the name of what it compiles to.
  const compiled = /\.([cm]?)jsx?$/.exec(base);
  const sources = compiled
    ? [`${base.slice(0, compiled.index)}.${compiled[1]}ts`, `${base.slice(0, compiled.index)}.tsx`]
    : [];
  return [
    ...(isFolder ? [] : endings.map(ending => base + ending)),
    ...sources,
    ...endings.slice(1, 7).map(ending => `${base.replace(/\/$/, '')}/index${ending}`),
  ];
}
