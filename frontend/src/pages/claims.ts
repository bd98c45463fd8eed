import type { Page } from "../page";
import { notice } from "../parts/notice";

export const page: Page = {
  title: (ctx) => ctx.t("menu.claims"),
  render(root, ctx) {
    root.append(notice("info", ctx.t("app.soon")));
  },
};
