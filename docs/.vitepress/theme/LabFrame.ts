import { withBase } from 'vitepress';
import { defineComponent, h } from 'vue';

/**
 * A room of the laboratory inside a page. It is loaded when the reader comes near it, and followed by a link to the
 * same state in the laboratory itself.
 *
 * ```md
 * <LabFrame room="training" state="width=512&rate=0.1" title="A network of width 512 beside its linearisation" />
 * ```
 */
export const LabFrame = defineComponent({
  name: 'LabFrame',
  props: {
    /** `cell`, `training` or `network`. */
    room: { type: String, required: true },
    /** The room's state as its links write it, without `?`. */
    state: { type: String, default: '' },
    /** What the frame shows, for screen readers and as its caption. */
    title: { type: String, required: true },
    /** Pixels. */
    height: { type: [Number, String], default: 520 },
  },
  setup: ({ room, state, title, height }) => {
    const address = (fields: string[]) => {
      const query = fields.filter((field) => field !== '').join('&');
      return withBase(`/lab/index.html#/${room}${query === '' ? '' : `?${query}`}`);
    };
    return () =>
      h('figure', { class: 'lab-frame' }, [
        h('iframe', { src: address([state, 'embed=1']), title, loading: 'lazy', style: { height: `${height}px` } }),
        h('figcaption', [title, ' ', h('a', { href: address([state]), target: '_self' }, 'Open in the laboratory')]),
      ]);
  },
});
