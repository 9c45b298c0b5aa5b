import * as v from 'valibot';
import { mayBeSamples, SAMPLE_FORMS, type SampleSource } from '../data/samples.js';
import { optionSet } from '../schema/declaration.js';
import {
  action,
  described,
  type Field,
  flag,
  like,
  portion,
  share,
  textsOf,
  whole,
} from '../schema/fields.js';
import type { Combination } from '../scoring/combined.js';
import { criterionCatalogue } from '../scoring/criteria.js';
import { calibrationOptions, data, memory, shapeOptions } from './calibration.js';
import { callOptions } from './call.js';
import { HEADING } from './headings.js';
import type { CalibrationOptions, CallOptions, ShapeOptions, SweepOptions } from './interfaces.js';
import { labels } from './planning.js';

const listOf = (each: Field<number>, says: string): Field<readonly number[]> =>
  described<readonly number[]>(v.pipe(v.array(each, says), v.minLength(1, says)), {
    ...{ says, type: 'readonly number[]', form: 'numbers' },
  });

const CRITERIA = 'an array of names from criteria(), or of what combine() gave';

/** The declarations of `SweepOptions`: what is tried, and what judges it. */
export const sweepOptions = optionSet<SweepOptions, CalibrationOptions & ShapeOptions & CallOptions>({
  name: 'SweepOptions',
  about: 'Which prunings are tried beside each other, and what judges them: options of `sweep`.',
  bases: [calibrationOptions, shapeOptions, callOptions],
  own: {
    data: {
      ...data,
      more: 'They calibrate; where there is no `test`, the last quarter judges.',
      needed: true,
    },
    test: {
      takes: like<SampleSource>(
        { type: 'SampleSource', from: { SampleSource: 'data/samples' } },
        SAMPLE_FORMS,
        mayBeSamples,
        'text',
      ),
      help: 'samples that judge, which nothing is fitted to',
      defaults: [{ words: 'the last quarter of the others' }],
      sign: 'FILE',
      heading: HEADING.checking,
    },
    labels,
    macs: {
      takes: listOf(share(), 'an array of fractions above 0 and up to 1'),
      help: {
        api: 'fractions of the multiply-adds that may stay',
        cli: 'fractions of the multiply-adds that may stay: 0.5,0.3, or 0.9..0.2 in steps of a tenth',
      },
      sign: 'F,F',
      heading: HEADING.amount,
    },
    params: {
      takes: listOf(share(), 'an array of fractions above 0 and up to 1'),
      help: 'fractions of the parameters that may stay',
      sign: 'F,F',
      heading: HEADING.amount,
    },
    ratio: {
      takes: listOf(portion(), 'an array of numbers between 0 and 1, both exclusive'),
      help: 'fractions of every prunable axis that leave',
      sign: 'R,R',
      heading: HEADING.amount,
    },
    criterion: {
      takes: described<readonly (string | Combination)[]>(
        v.pipe(v.array(v.any() as never, CRITERIA), v.minLength(1, CRITERIA)) as never,
        {
          ...{ says: CRITERIA, type: 'readonly (string | Combination)[]' },
          ...{ from: { Combination: 'scoring/combined' }, form: 'criteria' },
          choices: () => criterionCatalogue.all.map(({ name }) => name),
        },
      ),
      help: {
        api: 'what lanes are worth, each of these',
        cli: 'what lanes are worth, each of these: information,l2,l1+wanda',
      },
      defaults: [{ words: "['information']" }],
      sign: 'NAME,NAME',
      heading: HEADING.worth,
    },
    policy: {
      takes: textsOf('an array of names from policies()'),
      help: 'how much leaves where, each of these',
      defaults: [{ words: 'what `prune` takes for the amount' }],
      sign: 'NAME',
      heading: HEADING.where,
    },
    seeds: {
      takes: whole(1, 1000),
      help: 'how often each is tried: every time but the first on another three quarters of the samples',
      defaults: [{ is: 1 }],
      sign: 'N',
      heading: HEADING.samples,
    },
    reconstruct: {
      takes: flag(),
      help: 'refit what is left, as `prune` does',
      defaults: [{ is: true }],
      off: 'leave the weights that stay as they are',
      heading: HEADING.where,
    },
    exact: {
      takes: flag(),
      help: 'touch only lanes whose removal equals zeros in the original',
      heading: HEADING.where,
    },
    keep: {
      takes: textsOf('an array of names or patterns'),
      help: 'tensors or nodes that stay whole, as `prune` has it',
      sign: 'GLOB',
      heading: HEADING.where,
    },
    memory,
    known: {
      takes: like<NonNullable<SweepOptions['known']>>(
        { type: 'Sweep', from: { Sweep: 'options/sweepTypes' } },
        'a result of sweep',
        (value) => typeof value === 'object' && value !== null,
      ),
      help: 'what an earlier sweep of the same model gave: its points are taken over',
    },
    onPoint: {
      takes: action<NonNullable<SweepOptions['onPoint']>>({
        ...{ type: '(sweep: Sweep) => void | Promise<void>', from: { Sweep: 'options/sweepTypes' } },
      }),
      help: 'called with all that is known whenever a point is, and waited for',
    },
  },
});
