import { useData, withBase } from 'vitepress';
import { defineComponent, h, onMounted, ref, shallowRef, watch } from 'vue';

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
    const { isDark } = useData();
    const theme = () => `theme=${isDark.value ? 'dark' : 'light'}`;
    const frame = ref<HTMLIFrameElement>();
    // The reader's theme is known in the browser alone.
    const src = shallowRef<string>();
    onMounted(() => {
      src.value = address([state, 'embed=1', theme()]);
    });
    watch(isDark, () => {
      // What the reader has set in the room stays.
      const place = frame.value?.contentWindow?.location;
      if (place?.hash.includes('theme=')) place.replace(place.hash.replace(/theme=\w+/, theme()));
      else if (src.value !== undefined) src.value = address([state, 'embed=1', theme()]);
    });
    return () =>
      h('figure', { class: ['lab-frame', `lab-${room}`] }, [
        h('iframe', { ref: frame, src: src.value, title, loading: 'lazy', style: { height: `${height}px` } }),
        h('figcaption', [title, ' ', h('a', { href: address([state]), target: '_self' }, 'Open in the laboratory')]),
      ]);
  },
});
