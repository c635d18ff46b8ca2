"""Small word lists that tell names and places from other words: enough for a vote over a column, not for one cell.

They come from general knowledge of common names and places; none was taken from a data set. Everything is lower case.
"""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _phrases(text: str) -> frozenset[str]:
    return frozenset(phrase.strip() for phrase in text.replace("\n", "|").split("|")) - {""}


FIRST_NAMES = _words(
    """
    aaron abdul abigail adam adrian agnes ahmed aidan aisha alan albert alejandro alex alexander alexandra alexis
    alfred ali alice alicia allison amanda amber amelia amir amit amy ana andre andrea andreas andrew angel angela
    anita ann anna anne annette anthony antonio april arjun arthur ashley audrey austin ava barbara beatriz ben
    benjamin bernard bernd beth betty beverly birgit bob bobby bonnie brad bradley brandon brandy brenda brent brett
    brian brittany bruce bruno bryan caitlin caleb cameron camille carl carla carlos carmen carol caroline carolyn
    carrie casey catherine cathy chad charles charlotte chelsea chen cheryl chloe chris christian christina
    christine christopher cindy claire clara claudia colin colleen connor corey courtney craig cristina crystal
    curtis cynthia dale dan dana daniel daniela danielle danny david dawn dean deborah debra denise dennis derek
    diana diane diego dieter dmitri dominic don donald donna doris dorothy douglas dustin dylan earl eddie edgar
    eduardo edward eileen elaine elena eleanor eli elijah elizabeth ella ellen emily emma eric erica erik erika erin
    ernest ethan eugene eva evan evelyn fatima felix fernando florence frances francesca francesco francis francisco
    frank franz fred frederick gabriel gabriela gail gary george gerald gerhard gina giovanni giulia glenn gloria
    gordon grace greg gregory guadalupe gustavo hannah hans harold harry hassan hayley heather heidi heinz helen
    helga henry hiroshi holly howard hugo ian ibrahim igor ingrid irene isaac isabel isabella ivan jack jackie
    jackson jacob jacqueline jaime jake james jamie jan jane janet janice jared jasmine jason javier jay jean jeff
    jeffery jeffrey jenna jennifer jenny jeremiah jeremy jerry jesse jessica jesus jill jim jimmy jing joan joann
    joanna joanne joe joel john johnny jon jonathan jordan jorge jose joseph joshua joy joyce juan juanita judith
    judy julia julian julie jun justin kaitlyn karen karin karl katelyn katherine kathleen kathryn kathy katie
    katrina kayla keith kelly kelsey ken kendra kenneth kenji kerry kevin khadija kim kimberly kirk klaus kristen
    kristin kristina kristine kristy kurt kyle lars laura lauren laurie lawrence leah lee leon leonard leo leslie li
    liam linda lindsay lindsey lisa logan lori lorraine louis louise lucas lucia lucy luis luke lydia lynn madeline
    madison makayla manuel marc marcia marco marcos marcus margaret maria mariana marie marilyn mario marion mark
    martha martin marvin mary mason mateo mathew matthew maureen max maya megan mei melanie melinda melissa melody
    mercedes meredith michael michaela michele michelle miguel mike mindy miranda misty mitchell mohamed mohammed
    molly monica monika monique morgan muhammad nancy natalia natalie natasha nathan nathaniel nicholas nicolas
    nicole nina noah nora norma norman oleg olga oliver olivia omar oscar pablo paige pam pamela patricia patrick
    patty paul paula pedro peggy penny peter petra philip phillip phyllis pierre priya rachel rahul raj ralph ramon
    randall randy raul ravi ray raymond rebecca regina renate renee ricardo richard rick ricky rita robert roberta
    roberto robin rodney roger roland ron ronald ronnie rosa rose roy ruben russell ruth ryan sabrina sally sam
    samantha samuel sandra sandy santiago sara sarah savannah scott sean sebastian sergei sergio seth shane shannon
    sharon shaun shawn sheila shelby shelly sheri sherri sherry shirley sierra simon sofia sonia sonya sophia sophie
    spencer stacey stacy stefan stefanie stephanie stephen steve steven stuart sue summer susan suzanne svetlana
    sydney sylvia takashi tamara tammy tanner tanya tara tasha taylor ted terrance terri terry theodore theresa
    thomas tiffany tim timothy tina todd tom tommy toni tony tonya tracey traci tracy travis trevor tricia troy
    tyler ursula valerie vanessa vernon veronica vicki victor victoria vincent virginia vladimir walter wanda warren
    wayne wei wendy wesley whitney wilhelm william willie wolfgang xavier yolanda yan yuki yusuf zachary zoe
    """
)

SURNAMES = _words(
    """
    adams aguilar alexander allen alvarez anderson andrews armstrong arnold austin bailey baker banks barnes bauer
    becker bell bennett berry bianchi bishop black boyd bradley brooks brown bryant burke burns burton butler
    campbell carlson carpenter carr carroll carter castillo castro chan chandler chang chapman chavez chen
    christensen clark clarke cole coleman collins contreras cook cooper cox crawford cruz cunningham daniels
    davidson davis day dean diaz dixon douglas duncan dunn duran edwards elliott ellis estrada evans ferguson
    fernandez ferrari fields figueroa fischer fisher fitzgerald fleming fletcher flores ford foster fowler fox frank
    franklin frazier freeman fuller garcia gardner garrett garza george gibson gilbert gill gomez gonzales gonzalez
    goodman gordon graham grant graves gray green greene griffin gross guerrero gupta gutierrez guzman hall hamilton
    hansen hanson harper harris harrison hart harvey hawkins hayes henderson henry hernandez herrera hicks hill
    hoffman hoffmann holland holmes holt hopkins howard howell hudson hughes hunt hunter ivanov jackson jacobs james
    jenkins jennings jensen jimenez johnson johnston jones jordan kelley kelly kennedy khan kim king klein knight
    koch kumar lambert lane larson lawrence lawson lee leonard lewis li lin little liu long lopez lowe lucas luna
    lynch marquez marshall martin martinez mason matthews may mccarthy mccoy mcdonald mckinney medina mejia mendez
    mendoza meyer meyers miller mills mitchell montgomery moore morales moreno morgan morris morrison mueller müller
    munoz murphy murray myers nelson neumann newman newton nguyen nichols novak obrien oliver olson ortega ortiz
    owens palmer parker park patel patterson paul payne peck pena perez perkins perry peters peterson petrov pham
    phillips pierce porter powell price quinn ramirez ramos ray reed reid reyes reynolds rice richards richardson
    richter riley rios rivera robbins roberts robertson robinson rodgers rodriguez rogers romero rose ross rossi
    ruiz russell russo ryan salazar sanchez sanders sandoval santiago santos sato saunders schäfer schmidt schneider
    schroeder schröder schultz schulz schwartz schwarz scott serrano shah shaw shelton sharma silva simmons simpson
    sims singh smith snyder soto spencer stephens stevens stevenson stewart stone sullivan suzuki tanaka taylor
    terry thomas thompson torres tran tucker turner valdez vargas vasquez vazquez vega wagner walker wallace walsh
    wang ward warren washington watkins watson weaver webb weber weiss welch wells west wheeler white williams
    williamson willis wilson wolf wong wood woods wright wu xu yamamoto yang young zhang zhao zimmermann
    """
)

HONORIFICS = _words(
    """
    mr mrs ms miss dr prof sir madam herr frau mme mlle sr sra señor señora jr md phd dds
    """
)

CITIES = _phrases(
    """
    amsterdam|ankara|athens|atlanta|auckland|austin|bangalore|bangkok|barcelona|beijing|belgrade|berlin|birmingham
    bogota|boston|bratislava|brisbane|brussels|bucharest|budapest|buenos aires|cairo|calgary|cape town|caracas
    casablanca|charlotte|chennai|chicago|cleveland|cologne|copenhagen|dakar|dallas|delhi|denver|detroit|dubai|dublin
    durban|edinburgh|florence|frankfurt|geneva|glasgow|guangzhou|hamburg|hanoi|havana|helsinki|ho chi minh city
    hong kong|honolulu|houston|hyderabad|indianapolis|istanbul|jakarta|jerusalem|johannesburg|karachi|kiev
    kuala lumpur|kyiv|kyoto|lagos|lahore|las vegas|leeds|leipzig|lima|lisbon|liverpool|ljubljana|london|los angeles
    lyon|madrid|manchester|manila|marseille|melbourne|mexico city|miami|milan|milwaukee|minneapolis|minsk|montreal
    moscow|mumbai|munich|nagoya|nairobi|naples|nashville|new delhi|new orleans|new york|new york city|nice|osaka
    oslo|ottawa|paris|perth|philadelphia|phoenix|pittsburgh|porto|portland|prague|quebec|quito|riga|rio de janeiro
    riyadh|rome|rotterdam|sacramento|saint petersburg|salt lake city|san antonio|san diego|san francisco|san jose
    santiago|sao paulo|são paulo|sarajevo|seattle|seoul|seville|shanghai|shenzhen|singapore|sofia|st louis|stockholm
    stuttgart|sydney|taipei|tallinn|tampa|tehran|tel aviv|the hague|tokyo|toronto|tucson|tunis|turin|valencia
    vancouver|venice|vienna|vilnius|warsaw|wellington|zagreb|zurich
    """
)

COUNTRIES = _phrases(
    """
    afghanistan|albania|algeria|andorra|angola|argentina|armenia|australia|austria|azerbaijan|bahamas|bahrain
    bangladesh|barbados|belarus|belgium|belize|benin|bhutan|bolivia|bosnia and herzegovina|botswana|brazil|brunei
    bulgaria|burkina faso|burundi|cambodia|cameroon|canada|cape verde|chad|chile|china|colombia|congo|costa rica
    croatia|cuba|cyprus|czech republic|czechia|denmark|dominican republic|ecuador|egypt|el salvador|england|eritrea
    estonia|ethiopia|fiji|finland|france|gabon|gambia|georgia|germany|ghana|greece|guatemala|guinea|guyana|haiti
    honduras|hong kong|hungary|iceland|india|indonesia|iran|iraq|ireland|israel|italy|ivory coast|jamaica|japan
    jordan|kazakhstan|kenya|kosovo|kuwait|kyrgyzstan|laos|latvia|lebanon|lesotho|liberia|libya|liechtenstein
    lithuania|luxembourg|madagascar|malawi|malaysia|maldives|mali|malta|mauritania|mauritius|mexico|moldova|monaco
    mongolia|montenegro|morocco|mozambique|myanmar|namibia|nepal|netherlands|new zealand|nicaragua|niger|nigeria
    north korea|north macedonia|northern ireland|norway|oman|pakistan|palestine|panama|papua new guinea|paraguay
    peru|philippines|poland|portugal|puerto rico|qatar|romania|russia|rwanda|saudi arabia|scotland|senegal|serbia
    seychelles|sierra leone|singapore|slovakia|slovenia|somalia|south africa|south korea|spain|sri lanka|sudan
    suriname|sweden|switzerland|syria|taiwan|tajikistan|tanzania|thailand|togo|trinidad and tobago|tunisia|turkey
    turkmenistan|uganda|ukraine|united arab emirates|united kingdom|united states|uk|usa|united states of america
    uruguay|uzbekistan|venezuela|vietnam|wales|yemen|yugoslavia|zambia|zimbabwe|deutschland|österreich|schweiz
    frankreich|italien|spanien|españa|italia|brasil|méxico
    """
)

COUNTRY_CODES = _words(
    """
    ad ae af al am ao ar at au az ba bd be bf bg bh bi bj bo br bw by bz ca cd cf cg ch ci cl cm cn co cr cu cv cy
    cz de dj dk do dz ec ee eg er es et fi fj fr ga gb ge gh gm gn gr gt gy hk hn hr ht hu id ie il in iq ir is it
    jm jo jp ke kg kh kr kw kz la lb lk lr ls lt lu lv ly ma mc md me mg mk ml mm mn mr mt mu mv mw mx my mz na ne
    ng ni nl no np nz om pa pe pg ph pk pl pr ps pt py qa ro rs ru rw sa sc sd se sg si sk sl sn so sr sv sy td tg
    th tj tm tn tr tt tw tz ua ug uk us uy uz ve vn ye za zm zw afg alb dza arg arm aus aut aze bel bgd bgr bhr bih
    blr bol bra can che chl chn cmr col cri cub cyp cze deu dnk dom ecu egy esp est eth fin fra gbr geo gha grc gtm
    hnd hrv hti hun idn ind irl irn irq isl isr ita jam jor jpn kaz ken kor kwt lbn lka ltu lux lva mar mda mex mkd
    mlt mne mys nga nic nld nor npl nzl pak pan per phl pol pri prt pry qat rou rus sau sen sgp slv srb svk svn swe
    syr tha tun tur twn tza uga ukr ury usa uzb ven vnm yem zaf zmb zwe
    """
)

STATES = _phrases(
    """
    alabama|alaska|arizona|arkansas|california|colorado|connecticut|delaware|district of columbia|florida|georgia
    hawaii|idaho|illinois|indiana|iowa|kansas|kentucky|louisiana|maine|maryland|massachusetts|michigan|minnesota
    mississippi|missouri|montana|nebraska|nevada|new hampshire|new jersey|new mexico|new york|north carolina
    north dakota|ohio|oklahoma|oregon|pennsylvania|rhode island|south carolina|south dakota|tennessee|texas|utah
    vermont|virginia|washington|west virginia|wisconsin|wyoming|ontario|quebec|british columbia|alberta|manitoba
    saskatchewan|nova scotia|new south wales|victoria|queensland|bavaria|bayern|hessen|sachsen|niedersachsen
    baden-württemberg|catalonia|andalusia|al|ak|az|ar|ca|co|ct|de|dc|fl|ga|hi|id|il|in|ia|ks|ky|la|me|md|ma|mi|mn|ms
    mo|mt|ne|nv|nh|nj|nm|ny|nc|nd|oh|ok|or|pa|ri|sc|sd|tn|tx|ut|vt|va|wa|wv|wi|wy|pr|on|qc|bc|ab|mb|sk|ns|nb|nsw|vic
    qld|tas
    """
)

STREET_WORDS = _words(
    """
    street st avenue ave av road rd drive dr lane ln court ct boulevard blvd place pl square sq terrace ter way
    circle cir highway hwy parkway pkwy trail trl loop alley plaza crescent apt suite unit box straße strasse str
    weg platz allee gasse rue calle avenida carrera via viale piazza rua straat laan ulica
    """
)

CURRENCIES = _words(
    """
    usd eur gbp jpy chf cad aud nzd cny hkd sgd inr krw sek nok dkk pln czk huf ron bgn hrk rub uah try ils aed sar
    qar kwd egp zar ngn kes ghs mad tnd brl mxn ars clp cop pen uyu thb myr idr php vnd twd pkr bdt lkr isk btc eth
    """
)
