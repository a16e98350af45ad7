import { fileURLToPath } from 'node:url';
import remarkFrontmatter from 'remark-frontmatter';
import remarkGfm from 'remark-gfm';
import remarkMath from 'remark-math';
import remarkRetext from 'remark-retext';
import remarkValidateLinks from 'remark-validate-links';
import retextEnglish from 'retext-english';
import retextIndefiniteArticle from 'retext-indefinite-article';
import retextRedundantAcronyms from 'retext-redundant-acronyms';
import retextRepeatedWords from 'retext-repeated-words';
import { unified } from 'unified';
import { phrases } from './scripts/phrases.js';

// What `npm run prose` holds README.md and the pages of docs/ to: links lead to files and headings that exist, and the
// English is plain.

const root = fileURLToPath(new URL('.', import.meta.url));

const prose = unified()
  .use(retextEnglish)
  .use(retextRepeatedWords)
  .use(retextIndefiniteArticle)
  .use(retextRedundantAcronyms);

/** Refuses the phrases in the text of a page. */
function remarkPhrases() {
  const pattern = new RegExp(`\\b(${phrases.join('|').replaceAll(' ', '\\s+')})\\b`, 'gi');
  /**
   * @param {{ type: string; value?: string; children?: object[] }} node
   * @param {{ message: (reason: string, node: object) => unknown }} file
   */
  const visit = (node, file) => {
    for (const child of node.children ?? []) visit(/** @type {typeof node} */ (child), file);
    if (node.type !== 'text') return;
    for (const [phrase] of (node.value ?? '').matchAll(pattern)) file.message(`Unexpected \`${phrase}\``, node);
  };
  return visit;
}

export default {
  plugins: [
    remarkFrontmatter,
    remarkGfm,
    remarkMath,
    [remarkValidateLinks, { repository: 'https://github.com/ntkit/ntkit.git', root }],
    remarkPhrases,
    [remarkRetext, prose],
  ],
};
