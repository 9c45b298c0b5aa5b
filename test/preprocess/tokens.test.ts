import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { datasetFor } from '../../src/data/samples.js';
import { folderOf } from '../data/images.js';
import cases from './fixtures/tokens.json' with { type: 'json' };

const fixtures = join(import.meta.dirname, 'fixtures');

describe('tokens are those of the reference library', () => {
  test.each(cases.map((one) => [`${one.tokenizer}, ${one.length}, ${typeof one.texts[0]}`, one] as const))(
    '%s',
    async (_, { tokenizer, length, texts, ids, mask, types }) => {
      const folder = await folderOf({});
      const lines = texts.map((text) =>
        JSON.stringify(typeof text === 'string' ? text : { sentence1: text[0], sentence2: text[1] }),
      );
      await writeFile(join(folder, 's.jsonl'), lines.join('\n'));
      const input = (name: string) => ({ name, dtype: 'int64' as const, shape: ['n', length ?? 'tokens'] });
      const { arrays } = await datasetFor(join(folder, 's.jsonl'), {
        inputs: ['input_ids', 'attention_mask', 'token_type_ids'].map(input),
        preprocess: join(fixtures, tokenizer, 'tokenizer.json'),
      });
      const rows = async (name: string) => {
        const { dims, read } = arrays.get(name)!;
        const data = Array.from(await read.call(arrays.get(name), 0, texts.length), Number);
        return texts.map((_, row) => data.slice(row * dims[1]!, (row + 1) * dims[1]!));
      };
      expect(await rows('input_ids')).toEqual(ids);
      expect(await rows('attention_mask')).toEqual(mask);
      expect(await rows('token_type_ids')).toEqual(types);
    },
  );
});
