import { counting } from '../../lib/counting';
import { note } from '../../lib/log';

Component({
  behaviors: [counting],
  options: { multipleSlots: true },
  properties: {
    head: String,
    count: { type: Number, value: 0 },
  },
  data: { label: '' },
  observers: {
    count(count: number) {
      this.setData({ label: count > 2 ? 'many' : 'few' });
    },
  },
  lifetimes: {
    created: () => note('card created'),
    attached: () => note('card attached'),
    ready: () => note('card ready'),
    detached: () => note('card detached'),
  },
  pageLifetimes: {
    show: () => note('card page show'),
    hide: () => note('card page hide'),
  },
  methods: {
    pick() {
      this.triggerEvent('pick', { head: this.data.head });
    },
    shout(word: string): string {
      return word.toUpperCase();
    },
  },
});
