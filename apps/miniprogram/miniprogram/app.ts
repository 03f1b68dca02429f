import { services } from './services/services.ts';
import { isAtLeast, MIN_BASE_LIBRARY } from './services/wechat/environment.ts';
import { ROUTES, startAt } from './services/wechat/ui.ts';

App({
  onLaunch() {
    const { environment } = services();
    if (!isAtLeast(environment.baseLibrary, MIN_BASE_LIBRARY)) startAt(ROUTES.unsupported);
  },
});
