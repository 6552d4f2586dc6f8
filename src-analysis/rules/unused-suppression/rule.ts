import type { Range } from '../../model/graph.ts';
import type { RuleMeta, RuleReport } from '../rule.ts';

export const unusedSuppressionMeta: RuleMeta = {
  id: 'unused-suppression',
  title: 'Suppression that suppresses nothing',
  description: 'A suppression comment names no rule, an unknown rule, or a rule that reports nothing there.',
  defaultSeverity: 'warning',
  options: {},
  notSuppressible: true,
};

/**
 * @param unused rule ids of suppression comments that matched no finding
 * @param problems malformed suppression comments
 * @param isOff whether a rule is switched off: its suppressions are then not idle, only not needed now
 * @param incomplete the file was not read to its end: a suppression may then be waiting for code that is being typed
 */
export function unusedReports(
  unused: readonly { readonly id: string; readonly range: Range }[],
  problems: readonly RuleReport[],
  isOff: (ruleId: string) => boolean,
  incomplete: boolean,
): RuleReport[] {
  const idle = incomplete ? [] : unused.filter(({ id }) => !isOff(id));
  return [
    ...problems,
    ...idle.map(({ id, range }) => ({
      message: `Nothing to suppress: '${id}' reports nothing here. Remove it from this comment.`,
      range,
    })),
  ];
}
