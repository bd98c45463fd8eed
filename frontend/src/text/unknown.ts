import { pageTexts } from "./index";

export const texts = pageTexts({
  en: {
    title: "The address asks for what is not here.",
    instead: "{kind}: {asked} is not here. Shown instead: {shown}.",
    left: "{kind}: {asked} is not here and is left out.",
  },
  ko: {
    title: "주소에 이 화면에 없는 값이 있습니다.",
    instead: "{kind}: {asked} 없음. 대신 표시: {shown}.",
    left: "{kind}: {asked} 없음. 제외하고 표시합니다.",
  },
});
