import type { RuleMeta } from '../rule.ts';

/** Reserved: the findings that stand for what a reader could not read. Made by `check.ts`. */
export const readErrorMeta: RuleMeta = {
  id: 'read-error',
  title: 'Unreadable file or part of a file',
  description: 'A model file, or a part of it, could not be read, so that nothing is known about it.',
  defaultSeverity: 'error',
  options: {},
  notSuppressible: true,
  fixedSeverity: true,
};
