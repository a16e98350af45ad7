import { existsSync } from 'node:fs';
import type { MarkdownOptions } from 'vitepress';

type MarkdownIt = Parameters<NonNullable<MarkdownOptions['config']>>[0];

/** Where files of the repository that are not pages of the site are read. */
export const REPOSITORY = 'https://github.com/ntkit/ntkit';

/**
 * Points links to files that are no pages of the site at the repository, so that one link serves the site and a reader of
 * the repository: `../examples/service/README.md` lies beside docs/, `science/cells.jsonl` is data.
 */
export function linksToFiles(md: MarkdownIt): void {
  md.core.ruler.push('links-to-files', ({ tokens, env }) => {
    const { relativePath = '' } = env as { relativePath?: string };
    for (const link of tokens.flatMap(({ children }) => children ?? []).filter(({ type }) => type === 'link_open')) {
      const href = String(link.attrGet('href'));
      if (/^([a-z]+:|\/|#)/.test(href)) continue;
      const { pathname, hash } = new URL(href, `file:///docs/${relativePath}`);
      const isOfSite = pathname.startsWith('/docs/') && /(^|\/)[^./]*(\.(md|html))?$/.test(pathname);
      if (!isOfSite) link.attrSet('href', `${REPOSITORY}/blob/main${pathname}${hash}`);
    }
  });
}

/** Keeps Vue from reading what KaTeX writes, in which two braces are TeX and elements are MathML's. */
export function mathIsNoTemplate(md: MarkdownIt): void {
  for (const [rule, element] of [
    ['math_inline', 'span'],
    ['math_inline_block', 'div'],
    ['math_block', 'div'],
  ]) {
    const render = md.renderer.rules[rule];
    if (render === undefined) continue;
    md.renderer.rules[rule] = (...args) => `<${element} v-pre>${render(...args)}</${element}>`;
  }
}

/**
 * Shows a figure `NAME.svg` on telephones as `NAME.narrow.svg`, where that file lies beside it: the same panels one below
 * the other.
 */
export function narrowFigures(md: MarkdownIt): void {
  const render = md.renderer.rules.image!;
  md.renderer.rules.image = (tokens, index, options, env, self) => {
    const narrow = String(tokens[index].attrGet('src')).replace(/^(?:\.\/)?(.*)\.svg$/, './$1.narrow.svg');
    const image = render(tokens, index, options, env, self);
    const { relativePath = '' } = env as { relativePath?: string };
    const page = new URL(`../${relativePath}`, import.meta.url);
    if (!narrow.endsWith('.narrow.svg') || !existsSync(new URL(narrow, page))) return image;
    return `<picture><source media="(max-width: 560px)" srcset="${narrow}">${image}</picture>`;
  };
}
