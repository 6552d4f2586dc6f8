import type { ResolvedConfig } from './config.ts';
import type { Finding } from './finding.ts';
import { matcherOf } from './globs.ts';
import type { SuppressedFinding } from './suppressions.ts';

/**
 * Sorts findings by the configuration's `ignores`.
 * @param path path of the file relative to the configuration's folder, with forward slashes
 */
export function applyIgnores(
  findings: readonly Finding[],
  config: ResolvedConfig,
  path: string,
): { readonly kept: readonly Finding[]; readonly suppressed: readonly SuppressedFinding[] } {
  const entries = config.ignores
    .map((entry, index) => ({ ...entry, index }))
    .filter(entry => matcherOf([entry.path])(path));
  const kept: Finding[] = [];
  const suppressed: SuppressedFinding[] = [];
  for (const finding of findings) {
    const entry = entries.find(
      ({ rule, model, layer }) =>
        rule === finding.ruleId &&
        (model === undefined || model === finding.model) &&
        (layer === undefined || layer === finding.layer),
    );
    if (entry) suppressed.push({ finding, reason: entry.reason, kind: 'external', ignoreIndex: entry.index });
    else kept.push(finding);
  }
  return { kept, suppressed };
}
