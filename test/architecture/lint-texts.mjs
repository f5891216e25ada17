import { readFile, writeFile } from 'node:fs/promises';
import { ESLint } from 'eslint';

/**
 * Lints texts as if they were the files that they name, with the repository's own configuration. A program of its own, because the
 * boundary rule needs the project graph, which `nx run facehash:lint-texts` makes.
 *
 * LINT_TEXTS names a JSON file of `[{as, code}]`; the same array with `problems: [{rule, message}]` goes to LINT_TEXTS_RESULTS.
 */
const texts = JSON.parse(await readFile(process.env.LINT_TEXTS, 'utf8'));
// Else typescript-eslint may take the types of the file on disk in place of those of the text.
process.env.TSESTREE_SINGLE_RUN = 'false';
const eslint = new ESLint();
const results = [];
for (const text of texts) {
  const [result] = await eslint.lintText(text.code, { filePath: text.as });
  results.push({ ...text, problems: (result?.messages ?? []).map(({ ruleId, message }) => ({ rule: ruleId, message })) });
}
await writeFile(process.env.LINT_TEXTS_RESULTS, JSON.stringify(results));
