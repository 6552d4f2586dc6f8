import * as path from 'node:path';
import { type ConfigCache, configPathOf, type FoundConfig, findConfig, loadConfig } from '../host/config.ts';
import type { FileReport } from '../src-analysis/check.ts';
import { type ConfigLevel, withRuleLevels } from '../src-analysis/findings/config.ts';
import { matcherOf } from '../src-analysis/findings/globs.ts';
import { type Environment, UserError } from './environment.ts';

export type ConfigOf = (file: string) => Promise<FoundConfig>;

/**
 * The configuration of each file; one with problems ends the run, with every problem on the log.
 * @param config the configuration for every file, instead of the nearest one
 */
export function configResolver(
  config: string | undefined,
  ruleLevels: Readonly<Record<string, ConfigLevel>>,
  environment: Environment,
): ConfigOf {
  const cache: ConfigCache = new Map();
  const fixed = config === undefined ? null : loadConfig(path.resolve(environment.cwd, config));
  const adjusted = new Map<FoundConfig, FoundConfig>();
  return async file => {
    const found = await (fixed ?? findConfig(file, cache));
    const known = adjusted.get(found);
    if (known) return known;
    if (found.problems.length > 0) {
      const name = path.relative(environment.cwd, found.path ?? '');
      for (const { message, position } of found.problems) {
        environment.log(`${name}:${position.line + 1}:${position.character + 1}: ${message}`);
      }
      throw new UserError(`${name} is not a valid configuration; docs/configuration.md says what it may hold`);
    }
    const result = { ...found, config: withRuleLevels(found.config, ruleLevels) };
    adjusted.set(found, result);
    return result;
  };
}

/** Says which `ignores` entries name a checked file but accept nothing in it, so that they do not outlive their reason. */
export async function logIdleIgnores(
  checked: readonly { readonly file: string; readonly report: FileReport }[],
  configOf: ConfigOf,
  environment: Environment,
): Promise<void> {
  const entries = new Map<FoundConfig, { matching: Set<number>; used: Set<number> }>();
  for (const { file, report } of checked) {
    const found = await configOf(file);
    const state = entries.get(found) ?? { matching: new Set(), used: new Set() };
    entries.set(found, state);
    const place = configPathOf(found, file, environment.cwd);
    found.config.ignores.forEach((entry, index) => {
      if (matcherOf([entry.path])(place)) state.matching.add(index);
    });
    for (const { ignoreIndex } of report.suppressed) if (ignoreIndex !== undefined) state.used.add(ignoreIndex);
  }
  for (const [found, { matching, used }] of entries) {
    for (const index of matching) {
      const entry = found.config.ignores[index];
      if (used.has(index) || !entry) continue;
      environment.log(
        `${path.relative(environment.cwd, found.path ?? '')}: ignores[${index}] (${entry.rule} in ${entry.path}) accepts nothing any more.`,
      );
    }
  }
}
