import "./style.css";
import { App } from "./app";

const place = document.getElementById("app");
if (place !== null) void new App(place).start();
