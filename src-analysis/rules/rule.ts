import type { Severity } from '../findings/finding.ts';
import type { ModelAnalysis } from '../model/analysis.ts';
import type { Layer, ModelGraph, Range } from '../model/graph.ts';

/** A rule's option. Options are numbers only; their description becomes part of the JSON schema. */
export interface RuleOption {
  readonly description: string;
  readonly default: number;
  readonly minimum: number;
  readonly maximum: number;
}

export interface RuleMeta {
  /** Kebab-case; the folder of the rule, the name of its page and the code of its findings. */
  readonly id: string;
  /** A few words for lists. */
  readonly title: string;
  /** One sentence: when the rule reports. */
  readonly description: string;
  readonly defaultSeverity: Severity;
  readonly options: Readonly<Record<string, RuleOption>>;
  /** Holds for nearly every model: reported only where the configuration gives the rule a level. */
  readonly offByDefault?: true;
  /** True for rules that speak of Leaklint's own input and that neither comments nor `ignores` can suppress. */
  readonly notSuppressible?: boolean;
  /** True where the configuration cannot change the severity. */
  readonly fixedSeverity?: boolean;
}

/** A model, what the analysis says about it, and the rule's own options with defaults filled in. */
export interface RuleContext {
  readonly graph: ModelGraph;
  readonly analysis: ModelAnalysis;
  readonly options: Readonly<Record<string, number>>;
}

/** What a rule says; the caller adds rule id, severity, model name and link. */
export interface RuleReport {
  /** One or two sentences that state their conditions and never say "safe". */
  readonly message: string;
  readonly range?: Range;
  /** The layer it is about; absent for model-level reports. */
  readonly layer?: Layer;
  /** True: worth knowing, not worth a warning. Reported as `info` whatever the rule's severity. */
  readonly note?: boolean;
  readonly related?: readonly { readonly message: string; readonly range?: Range }[];
}

/** A rule over one analysed model. Pure; knows no file format. */
export interface Rule {
  readonly meta: RuleMeta;
  readonly check: (context: RuleContext) => readonly RuleReport[];
}

/** The only place that knows where rule pages are published. */
const rulePageBase = 'https://github.com/leaklint/leaklint/blob/main/docs/rules';

/** Published address of a rule's page. */
export function ruleHelpUri(id: string): string {
  return `${rulePageBase}/${id}.md`;
}
