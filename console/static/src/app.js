// Entry of every page: keeps it true, ticking and honest about its own age. Shows no word that the page did not bring.
import htmx from "htmx.org";
import { follow } from "./live.js";
import { tick } from "./ages.js";
import { watchIncidents, wireSound } from "./alarm.js";
import { wireForms } from "./forms.js";

window.htmx = htmx;
follow();
tick();
watchIncidents();
wireSound();
wireForms();
