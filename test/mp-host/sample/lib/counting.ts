/** Counts taps, for whoever has this behaviour. */
export const counting = Behavior({
  data: { count: 0 },
  methods: {
    countOne() {
      this.setData({ count: this.data.count + 1 });
    },
  },
});
