import type { Command } from 'commander';
import type { Terminal } from './terminal.js';

/** A command as the help lists it, and where its flags are declared. */
interface NamedCommand {
  readonly name: string;
  readonly does: string;
  /** Its arguments, and what each is. */
  readonly takes: readonly (readonly [argument: string, what: string])[];
  /** Loads the command's file, with all that its flags are made of: criteria, policies, checks. */
  declare(): Promise<(command: Command, terminal: Terminal) => void>;
}

/** All commands, in the order of the help. */
export const commands: readonly NamedCommand[] = [
  {
    name: 'inspect',
    does: 'what is in a model: size, multiply-adds, groups of lanes, what is frozen and why',
    takes: [['<MODEL>', 'an .onnx file; - reads standard input']],
    declare: async () => (await import('./inspect.js')).declareInspect,
  },
  {
    name: 'prune',
    does: 'remove what is worth least, and write a smaller model',
    takes: [['<MODEL...>', "an .onnx file; several, or a pattern such as 'models/*.onnx', with --out-dir"]],
    declare: async () => (await import('./prune.js')).declarePrune,
  },
  {
    name: 'apply',
    does: 'replay a saved plan',
    takes: [
      ['<MODEL>', 'the .onnx file that the plan was made for'],
      ['<PLAN>', 'a plan, as prune --plan writes it'],
    ],
    declare: async () => (await import('./apply.js')).declareApply,
  },
  {
    name: 'verify',
    does: 'how alike two models answer, how fast they are, how large',
    takes: [
      ['<ORIGINAL>', 'an .onnx file'],
      ['<PRUNED>', 'another'],
    ],
    declare: async () => (await import('./verify.js')).declareVerify,
  },
  {
    name: 'report',
    does: 'one HTML file that shows what became of a model: size, likeness, both graphs, what left and why',
    takes: [
      ['<ORIGINAL>', 'an .onnx file'],
      ['<PRUNED>', 'another'],
    ],
    declare: async () => (await import('./report.js')).declareReport,
  },
  {
    name: 'sweep',
    does: 'many prunings of one model beside each other, by samples that were held out',
    takes: [['<MODEL>', 'an .onnx file']],
    declare: async () => (await import('./sweep.js')).declareSweep,
  },
  {
    name: 'compare',
    does: 'several models beside the one that they were made of; or sweeps as one table',
    takes: [['<MODEL...>', 'the original, then the others; or JSON files of sweeps']],
    declare: async () => (await import('./compare.js')).declareCompare,
  },
  {
    name: 'score',
    does: 'what each lane is worth under a criterion',
    takes: [['<MODEL>', 'an .onnx file; - reads standard input']],
    declare: async () => (await import('./score.js')).declareScore,
  },
  {
    name: 'tree',
    does: 'the pruning tree of one group: which lanes share most, which of two says less',
    takes: [['<MODEL>', 'an .onnx file; - reads standard input']],
    declare: async () => (await import('./tree.js')).declareTree,
  },
  {
    name: 'data',
    does: 'samples as a model sees them: images and other files as arrays, and what looks wrong about them',
    takes: [['<SOURCE>', 'a folder or a file of samples']],
    declare: async () => (await import('./data.js')).declareData,
  },
  {
    name: 'criteria',
    does: 'the criteria there are, with their options',
    takes: [],
    declare: async () => (await import('./criteria.js')).declareCriteria,
  },
  {
    name: 'policies',
    does: 'the policies there are: how much leaves where',
    takes: [],
    declare: async () => (await import('./policies.js')).declarePolicies,
  },
  {
    name: 'operators',
    does: 'the operators that lanes are followed through, and why not through the others',
    takes: [],
    declare: async () => (await import('./operators.js')).declareOperators,
  },
  {
    name: 'doctor',
    does: 'whether all that is needed is there and works: addon, runtime, packages, folders',
    takes: [],
    declare: async () => (await import('./doctor.js')).declareDoctor,
  },
  {
    name: 'complete',
    does: 'completion for a shell: source <(espalier complete bash)',
    takes: [['<SHELL>', 'bash, zsh, fish or powershell']],
    declare: async () => (await import('./complete.js')).declareComplete,
  },
];
