import DefaultTheme from 'vitepress/theme';
import type { Theme } from 'vitepress';
import 'katex/dist/katex.min.css';
import './site.css';
import { LabFrame } from './LabFrame.ts';

export default {
  extends: DefaultTheme,
  enhanceApp: ({ app }) => {
    app.component('LabFrame', LabFrame);
  },
} satisfies Theme;
