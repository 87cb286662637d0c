/**
 * ADT messages as different systems write them. People, numbers and systems are made up; the habits are those that
 * interface teams report of the kinds of systems named.
 */

/** Segments, each ended by CR. */
export function adt(...segments: readonly string[]): string {
  return segments.map((segment) => `${segment}\r`).join('');
}

/** A large American system: several identifiers, all in capitals, old-style e-mail in PID-13, Z segments, ICD-10-CM. */
export const AMERICAN_A08 = adt(
  'MSH|^~\\&|EPICADT|NORTHLAKE|DUCTUS|ROCHE|20260301101502-0600|ADTUSER|ADT^A08|448812|P|2.5.1|||AL|NE',
  'EVN|A01|20260301101459-0600||REG_UPDATE|ADTUSER^OAKES^RUTH^^^^^^NL^^^^^MAIN',
  'PID|1||E4471902^^^EPI^EPI~00771234^^^NLMR^MR~987-65-4329^^^USSSA^SS||HALVERSEN^INGRID^MAE^JR^MS.^^L~HALVERSEN^INGIE^^^^^N||19790418|F|OSTBY^INGRID^^^^^M|2106-3|4400 LAKE SHORE DR^APT 12B^DULUTH^MN^55804-1234^USA^P^^ST. LOUIS|ST. LOUIS|(218)555-0142^PRN^PH^^1^218^5550142~(218)555-0199^PRN^CP~^NET^Internet^ingrid.halversen@mail.example|(218)555-0100^WPN^PH^^1^218^5550100^77|eng^English^HL70296|M|LUT|3300412^^^NLACCT^AN|987-65-4329|||N||||||||N|||20260228112233-0600',
  'PD1||||1003^SANDOVAL^LUIS^^^DR.^^^NPI',
  'NK1|1|HALVERSEN^OTTO|SPO||(218)555-0144',
  'PV1|1|O|ENDO^201^A^NORTHLAKE||||1003^SANDOVAL^LUIS',
  'DG1|1||E11.65^Type 2 diabetes mellitus with hyperglycemia^I10C|TYPE 2 DIABETES WITH HYPERGLYCEMIA|20210611|F',
  'DG1|2||I10^Essential hypertension^I10C||20200101|F',
  'ZPD|1|Y|custom value',
);

/** An American hospital system: A04 with MSH-9.3 that is no structure, EVN-1 of another event, DG1 of SNOMED. */
export const AMERICAN_A04 = adt(
  'MSH|^~\\&|MILLENNIUM|RIVERBEND|||202603010830||ADT^A04^ADT_A04|Q1190042T1198822|P|2.3|||||||8859/1',
  'EVN|A31|202603010829',
  "PID|1|88120^^^RB|40012345^^^RB MRN^MR^RIVERBEND||O'Rourke-Díaz^Seán^^III^Dr||19550629142500|M||W|12 Mill & Main St^^Gary^IN^46401^US^H~PO Box 9^^Gary^IN^46402^US^M||2195550111^PRN^PH||es|D",
  'PV1|1|E',
  'DG1|1|SNOMED|46635009^Type 1 diabetes mellitus (disorder)^SCT||202601|W|||||||||||||20260115',
);

/** A German system in ISO 8859-1: own delimiters in escapes, title, name parts, `&` in the street, ICD-10-GM with certainty. */
export const GERMAN_A28 = adt(
  'MSH|^~\\&|ORBIS|KH-MITTE|KOM|KOM|20260301073005||ADT^A28^ADT_A05|4711-0815|P|2.5|||AL|NE|DE|8859/1|DE',
  'EVN||20260301073000',
  'PID|1||1000815^^^KH-Mitte&1.2.276.0.76.3.1.999&ISO^PI~S0815^^^KH-Mitte^MR||von der Größe-Öztürk&von der&Größe&&Öztürk^Jürgen^Karl-Heinz^^Prof. Dr.^^L^A^^^G~Größe^Jürgen^^^^^B||19640229|M|||Straße des 17. Juni 5 a&Straße des 17. Juni&5 a^Hinterhaus^Köln^^50667^DEU^H~^^Bonn^^^DEU^BDL||+49 221 5550123^PRN^PH^^49^221^5550123~+49 171 5550456^PRN^CP~^PRN^Internet^juergen@post.example||de^deutsch^HL70296|M|EV|||||||||DE||N',
  'PV1|1|I|STAT3^12^1^INN',
  'DG1|1|ICD-10-GM-2026|E10.90G^Diabetes mellitus, Typ 1: ohne Komplikationen^ICD-10-GM-2026|Diabetes Typ 1|20100901|FD',
  'DG1|2|ICD-10-GM-2026|E11.90V^Verdacht^ICD-10-GM-2026||20260301|AD',
);

/** An old system of v2.2: number in PID-2, no types, names in plain text, phone and mail without equipment, DG1-2 names the system. */
export const OLD_A31 = adt(
  'MSH|^~\\&|MAGIC|STELLA|||19990305||ADT^A31|000123|P|2.2',
  'EVN|A08|19990305',
  'PID||M000777||A-1|Rossi^Maria||19480711|f|||Via Roma 1^^Torino^TO^10121||011-555-0101|||||||',
  'DG1|1|I9|25001|DIABETES MELLITUS TYPE I',
);

/** The oldest: v2.1 has the event in EVN alone, and CM types. */
export const OLDEST_A08 = adt(
  'MSH|^~\\&|ADMIN|OLD|||19980101||ADT|7|P|2.1',
  'EVN|A08|199801011200',
  'PID|||55-12^7^M10||KOWALSKI^JAN||1930|M',
);

/** A merge whose PID has a name and no more. */
export const MERGE_A40 = adt(
  'MSH|^~\\&|EPICADT|NORTHLAKE|||20260301120000-0600||ADT^A40^ADT_A39|448900|P|2.5.1',
  'EVN|A40|20260301115959-0600',
  'PID|1||00771234^^^NLMR^MR||HALVERSEN^INGRID',
  'MRG|00990001^^^NLMR^MR||||||HALVORSEN^INGRID',
);

/** Other delimiters, and escapes in all their forms. */
export const OWN_DELIMITERS_A01 = adt(
  'MSH$%*!@$LAB$X$$$20260301$$ADT%A01%ADT_A01$ID-9$P$2.6',
  'PID$1$$77!F!1%%%H!S!1%MR$$M!E!ller !T! Sons%An!R!na!.br!Lena!H!x!N!%!X41C3BC!$$19700102$U$$$Street@Broad@1%%City',
  'DG1$1$$44054006%Diabetes type 2%SCT',
);

/** Every style, by a name. */
export const STYLES = {
  'american-a08': AMERICAN_A08,
  'american-a04': AMERICAN_A04,
  'german-a28': GERMAN_A28,
  'old-a31': OLD_A31,
  'oldest-a08': OLDEST_A08,
  'merge-a40': MERGE_A40,
  'own-delimiters-a01': OWN_DELIMITERS_A01,
} as const;
