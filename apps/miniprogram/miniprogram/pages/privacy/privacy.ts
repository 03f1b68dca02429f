import { fill, type Words } from '../../i18n/index.ts';
import { services } from '../../services/services.ts';
import {
  askFor,
  DEVICES,
  type Grants,
  openGuideline,
  openSettings,
  readGrants,
  readPrivacy,
  requirePrivacy,
} from '../../services/wechat/consent.ts';
import { goBack, pageUrl, queryValue, ROUTES, replaceWith, setTitle, toast } from '../../services/wechat/ui.ts';

type PrivacyData = {
  t: Words['privacy'];
  state: 'loading' | 'consent' | 'refused';
  guideline: string;
  rows: readonly { id: string; icon: string; title: string; use: string; grant: string; bad: boolean }[];
};

/**
 * Stands before the first room: what camera and microphone are for, the guideline, the consent, then WeChat's own questions.
 * Who refused earlier is shown the way back, since WeChat asks once only.
 */
Page({
  data: {
    t: services().words.privacy,
    state: 'loading',
    guideline: '',
    rows: [],
  } as PrivacyData,
  query: {} as { roomID?: string; roomName?: string },
  busy: false,

  onLoad(query: Record<string, string | undefined>) {
    const roomID = queryValue(query, 'roomID');
    const roomName = queryValue(query, 'roomName');
    this.query = { ...(roomID === '' ? {} : { roomID }), ...(roomName === '' ? {} : { roomName }) };
    setTitle(services().words.privacy.title);
  },

  onShow() {
    void this.look();
  },

  async look() {
    const { words } = services();
    const [privacy, grants] = await Promise.all([readPrivacy(), readGrants()]);
    const name = privacy.name || words.privacy.guidelineName;
    this.setData({ t: words.privacy, guideline: fill(words.privacy.guideline, { name }) });
    this.showGrants(grants, privacy.needed);
  },

  showGrants(grants: Grants, needed: boolean) {
    const { privacy } = services().words;
    const labels = { allowed: privacy.allowed, refused: privacy.refused, 'not-asked': privacy.asked };
    const refused = DEVICES.some((device) => grants[device] === 'refused');
    this.setData({
      state: needed || !refused ? 'consent' : 'refused',
      rows: DEVICES.map((device) => ({
        id: device,
        icon: device === 'camera' ? 'video' : 'mic',
        title: privacy[device],
        use: device === 'camera' ? privacy.cameraUse : privacy.microphoneUse,
        grant: labels[grants[device]],
        bad: grants[device] === 'refused',
      })),
    });
  },

  onTapGuideline() {
    openGuideline();
  },

  /** The button's own event: WeChat has recorded the consent by now. */
  async onAgree() {
    if (this.busy) return;
    this.busy = true;
    try {
      if (!(await requirePrivacy())) {
        toast(this.data.t.declined);
        return;
      }
      await this.ask();
    } finally {
      this.busy = false;
    }
  },

  async ask() {
    for (const device of DEVICES) await askFor(device);
    this.settle(await readGrants());
  },

  settle(grants: Grants) {
    if (DEVICES.every((device) => grants[device] !== 'refused')) this.goOn();
    else this.showGrants(grants, false);
  },

  async onTapSettings() {
    this.settle(await openSettings());
  },

  /** On to the room that was asked for; back where the page was opened for itself. */
  goOn(devices?: '0') {
    const { roomID, roomName } = this.query;
    if (roomID === undefined && roomName === undefined) goBack();
    else replaceWith(pageUrl(ROUTES.room, { ...this.query, ...(devices ? { devices } : {}) }));
  },

  onTapWatch() {
    this.goOn('0');
  },

  onTapDisagree() {
    toast(this.data.t.declined);
    goBack();
  },
});
