import { readdirSync, readFileSync } from 'node:fs';
import katex from '@vscode/markdown-it-katex';
import { defineConfig } from 'vitepress';
import { linksToFiles, mathIsNoTemplate, narrowFigures, REPOSITORY } from './links.ts';

const page = (text: string, link: string) => ({ text, link });

const entries = ['tensor', 'autodiff', 'nn', 'ntk', 'training', 'onnx', 'data', 'search', 'report', 'testing', 'node'];

export default defineConfig({
  title: 'ntkit',
  description: 'The neural tangent kernel and its condition number, from scratch, in TypeScript.',
  // The folder of the host that serves the site; `npm run site -- --base /ntkit/` names another.
  base: '/',
  cleanUrls: false,
  lastUpdated: false,
  head: [['link', { rel: 'icon', type: 'image/svg+xml', href: 'data:image/svg+xml,' + encodeURIComponent(icon()) }]],
  transformPageData: ({ relativePath, frontmatter }) => {
    // A page of the reference lists its exports, not the parts of each.
    if (relativePath.startsWith('api/')) frontmatter.outline = 2;
  },
  // What the laboratory's own build puts beside the pages.
  ignoreDeadLinks: [/\/lab\//],
  markdown: {
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' },
    config: (md) => {
      // Its declarations are CommonJS's, of a markdown-it that TypeScript takes for another.
      katex.default(md as never);
      mathIsNoTemplate(md);
      linksToFiles(md);
      narrowFigures(md);
    },
  },
  themeConfig: {
    search: { provider: 'local' },
    outline: { level: [2, 3] },
    socialLinks: [{ icon: 'github', link: REPOSITORY }],
    nav: [
      { text: 'Guide', link: '/guide/', activeMatch: '^/guide/' },
      { text: 'Laboratory', link: '/lab/', target: '_self' },
      { text: 'Documentation', link: '/tangent-kernels', activeMatch: '^/(?!guide|api|$)' },
      { text: 'API', link: '/api/', activeMatch: '^/api/' },
    ],
    sidebar: {
      '/guide/': [{ text: 'The tangent kernel from scratch', link: '/guide/', items: chapters() }],
      '/api/': [
        {
          text: 'API',
          link: '/api/',
          items: entries.map((name) => page(name, `/api/${name === 'ntk' ? 'ntk/' : name}`)),
        },
      ],
      '/': [
        {
          text: 'Kernels',
          items: [
            page('Tangent kernels', '/tangent-kernels'),
            page('Accuracy and certificates', '/accuracy'),
            page('Training dynamics', '/dynamics'),
            page('Training', '/training'),
            page('Infinite width', '/infinite-width'),
          ],
        },
        {
          text: 'Networks and data',
          items: [
            page('Your own network', '/networks'),
            page('Layers', '/layers'),
            page('From PyTorch', '/pytorch'),
            page('From ONNX', '/onnx'),
            page('Images and data sets', '/data'),
          ],
        },
        {
          text: 'Architecture search',
          items: [page('Search', '/search'), page('κ’s record', '/science'), page('Many machines', '/queue')],
        },
        {
          text: 'Where it runs',
          items: [
            page('Embedding', '/embedding'),
            page('Hosts', '/hosts'),
            page('GPU', '/gpu'),
            page('Performance', '/performance'),
          ],
        },
        {
          text: 'Tools',
          items: [
            page('The command', '/command'),
            page('Options of the command', '/command-reference'),
            page('Reports', '/report'),
            page('Verification', '/verification'),
            page('Questions and answers', '/faq'),
          ],
        },
        {
          text: 'Inside',
          items: [
            page('Tensors and derivatives', '/tensors'),
            page('Architecture', '/architecture'),
            page('Adding a primitive', '/primitives'),
          ],
        },
      ],
    },
  },
});

/** The guide's chapters, by the numbers that their files begin with, titled as they title themselves. */
function chapters() {
  const folder = new URL('../guide/', import.meta.url);
  const files = readdirSync(folder).filter((name) => /^\d.*\.md$/.test(name));
  return files.sort().map((name) => {
    const [, title = name] = /^# (.*)$/m.exec(readFileSync(new URL(name, folder), 'utf8')) ?? [];
    return page(title, `/guide/${name.slice(0, -'.md'.length)}`);
  });
}

/** κ on a disc. */
function icon(): string {
  return (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><circle cx="16" cy="16" r="16" fill="#3451b2"/>' +
    '<text x="16" y="23" font-size="24" text-anchor="middle" fill="#fff" font-family="serif" font-style="italic">κ</text></svg>'
  );
}
