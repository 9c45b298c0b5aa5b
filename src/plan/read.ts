import * as v from 'valibot';
import { command, EspalierError, text } from '../base/errors.js';
import { invalid, shown } from '../schema/check.js';
import type { Plan, PruneSection } from './plan.js';

const indices = v.pipe(
  v.array(v.pipe(v.number(), v.integer('is not a whole number'), v.minValue(0, 'is negative'))),
  v.minLength(1, 'keeps nothing'),
  v.check((list) => list.every((value, i) => i === 0 || value > list[i - 1]!), 'is not ascending'),
);
const byAxis = v.record(v.pipe(v.string(), v.regex(/^\d+$/, 'is no axis number')), indices);
const whole = v.pipe(v.number(), v.integer('is not a whole number'), v.minValue(1, 'is no length'));
const byName = v.record(
  v.string(),
  v.record(
    v.pipe(v.string(), v.regex(/^\d+$/, 'is no axis number')),
    v.object({ length: whole, kept: indices }),
  ),
);
const scalar = v.union([v.string(), v.number(), v.boolean(), v.array(v.string())]);

const prune = {
  groups: v.array(
    v.object({
      id: v.string(),
      lanes: v.pipe(v.number(), v.integer(), v.minValue(1)),
      kept: indices,
      exact: v.optional(v.boolean(), false),
      scores: v.optional(v.array(v.number())),
    }),
  ),
  tensors: v.optional(v.record(v.string(), byAxis), {}),
  derived: v.optional(v.record(v.string(), byAxis)),
  copies: v.optional(
    v.array(
      v.object({
        tensor: v.string(),
        node: v.string(),
        input: v.pipe(v.number(), v.integer(), v.minValue(0)),
        kept: byAxis,
      }),
    ),
  ),
  interface: v.optional(v.object({ inputs: byName, outputs: byName })),
};

const envelope = {
  format: v.literal('espalier-plan', 'is not "espalier-plan"'),
  model: v.object({
    sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, 'is not a sha256')),
    file: v.string(),
  }),
  made: v.optional(v.record(v.string(), scalar), {}),
};

const version1 = v.object({
  format: envelope.format,
  version: v.literal(1, 'is neither 1 nor 2, the versions that this release reads'),
  model: envelope.model,
  made: envelope.made,
  ...prune,
});
const version2 = v.object({
  ...version1.entries,
  version: v.literal(2),
  sections: v.optional(v.record(v.string(), v.unknown())),
});

/** Pruning's part of a plan out of plain data. errors: PLAN_MALFORMED, with the place. */
export const readPruneSection = (data: unknown): PruneSection =>
  parsed(v.object(prune), data) as PruneSection;

/** Reads the section that a compression of this name wrote; undefined where there is no such compression. */
export type SectionReader = (name: string) => ((data: unknown) => unknown) | undefined;

/** A plan out of JSON text. `file`: its name, for errors. errors: PLAN_MALFORMED, with the place; OPTION_INVALID for what is no text. */
export function readPlan(json: string, file?: string): Plan {
  if (typeof json !== 'string')
    throw invalid(
      `json must be the text of a plan, not ${shown(json)}`,
      'Plain data is given to model.apply() as it is.',
    );
  if (file !== undefined && typeof file !== 'string')
    throw invalid(`file must be a name, not ${shown(file)}`);
  const where = file === undefined ? {} : { file };
  let data: unknown;
  try {
    data = JSON.parse(json);
  } catch (cause) {
    throw new EspalierError(
      'PLAN_MALFORMED',
      'the plan is not JSON',
      where,
      text`Make one with ${command.plan}.`,
      { cause },
    );
  }
  return checkPlan(data, file);
}

/**
 * A plan out of plain data. `file`: its name, for errors. Without `sectionReader` sections are taken as they are.
 * errors: PLAN_MALFORMED, with the place.
 */
export function checkPlan(data: unknown, file?: string, sectionReader?: SectionReader): Plan {
  const second = (data as { readonly version?: unknown } | null)?.version === 2;
  const plan = (second ? parsed(version2, data, file) : parsed(version1, data, file)) as Plan;
  if (plan.sections === undefined || sectionReader === undefined) return plan;
  const sections = Object.entries(plan.sections).map(([name, section]) => {
    const read = sectionReader(name);
    if (read === undefined)
      throw malformed(`sections.${name}: this release has no compression of that name`, file);
    try {
      return [name, read(section)] as const;
    } catch (problem) {
      throw malformed(`sections.${name}: ${(problem as Error).message}`, file);
    }
  });
  return { ...plan, sections: Object.fromEntries(sections) };
}

function parsed<T>(schema: v.GenericSchema<unknown, T>, data: unknown, file?: string): T {
  const result = v.safeParse(schema, data);
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw malformed(`${v.getDotPath(issue) ?? 'the plan'}: ${issue.message}`, file);
}

const malformed = (what: string, file?: string): EspalierError =>
  new EspalierError(
    'PLAN_MALFORMED',
    what,
    file === undefined ? {} : { file },
    text`The format is described in docs/plan.md; ${command.plan} makes one.`,
  );
