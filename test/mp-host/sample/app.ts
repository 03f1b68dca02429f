import type { AppLog } from './lib/log';

App<AppLog>({
  log: [],
  onLaunch(options) {
    this.log.push(`launch ${options.path}`);
    wx.cloud.init({ env: 'sample' });
  },
  onShow() {
    this.log.push('show');
  },
  onHide() {
    this.log.push('hide');
  },
});
