"""Columns of public tables that do say who somebody is, or where and when; made by hand.

Meant are cells about single persons (patients, workers, players, people who are long dead): names, keys of persons, ages, dates
of birth, and places of a person or a home. Not meant are ages of houses, cars, animals and groups, places of schools, counties,
storms and weather stations, and names of things.
"""

from __future__ import annotations

TUNED_PACKAGES = frozenset(
    {"sklearn", "statsmodels", "MASS", "datasets", "AER", "carData", "ISLR", "survival", "Ecdat", "HSAUR", "boot"}
)
"""Sources whose columns the recognisers were improved on."""

_MEANT = """
AER: GSS7402.age | NMES1988.age | SmokeBan.age | SportsCards.age | CPSSW8.age | SwissLabor.age | Medicaid1986.age |
    CPS1985.age | CPSSW9298.age | STAR.birth | PSID1976.age | CPSSWEducation.age | HealthInsurance.age | Fertility.age
    | Parade2005.age | CPSSW04.age | CreditCard.age | ResumeNames.name | ResumeNames.city | Mortgage.age |
    CPSSW9204.age | Affairs.age | TeachingRatings.age | DoctorVisits.age | Fertility2.age
COUNT: rwm5yr.age | mdvis.age | mdvis.age1 | mdvis.age2 | mdvis.age3 | lbw.age | rwm.age | azdrg112.age75 |
    rwm1984.age | badhealth.age | medpar.age80 | azcabgptca.age | azpro.age75 | azprocedure.age75
DAAG: nsw74demo.age | nsw74psidA.age | tinting.age | cps3.age | cps1.age | psid3.age | wages1833.age | cfseal.age |
    monica.age | nswdemo.age | nswpsid1.age | cps2.age | nsw74psid1.age | psid1.age | mifem.age | psid2.age |
    nsw74psid3.age
Ecdat: BudgetUK.age | Griliches.age | Griliches.age80 | LaborSupply.age | Tobacco.age | Workinghours.age |
    Treatment.age | DoctorAUS.age | Benefits.age | Schooling.age76 | Fair.age | PSID.age | VietNamH.age |
    DoctorContacts.age | NaturalPark.age | Kakadu.age | Participation.age | OFP.age | UnempDur.age | MedExp.age |
    FriendFoe.age | FriendFoe.age1 | VietNamI.age | BudgetFood.age | RetSchool.age76
HLMdiag: autism.age2 | radon.county.name
HSAUR: polyps.age | respiratory.age | polyps3.age | epilepsy.age | schizophrenia.age | agefat.age
HistData: Wheat.monarchs.name | Langren1644.Longitude | Langren1644.Longname
ISLR: Wage.age | Credit.Age
KMsurv: std.age | twins.age | kidrecurr.age | larynx.age | kidtran.age | psych.age
MASS: Pima.tr2.age | Melanoma.age | VA.age | OME.Age | epil.age | Aids2.age | Pima.te.age | birthwt.age | Pima.tr.age
    | survey.Age | GAGurine.Age
MatchIt: lalonde.age
Stat2Data: WalkingBabies.Age | SampleFG.PlayerID | SampleFG.LastName | SampleFG.FirstName | ICU.Age |
    YouthRisk2007.age4 | BrainpH.Age | Overdrawn.Age | IQGuessing.Age | GrinnellHouses.Address | Leukemia.Age |
    SuicideChina.Person_ID | SuicideChina.Age | ThomasConfirmation.Senator | Fertility.Age | ChildSpeaks.Age |
    Titanic.Name | Titanic.Age | AHCAvote2017.Member | AlitoConfirmation.Senator | Whickham2.Age | YouthRisk2009.Age |
    CreditRisk.Age | Kershaw.Batter | MetroCommutes.City | NCbirths.MomAge | RailsTrails.Latitude |
    RailsTrails.Longitude | RailsTrails.Zip | LosingSleep.Age | CAFE.Senator
aod: dja.village
asaur: hepatoCellular.Age | pharmacoSmoking.age | ashkenazi.age | pancreatic.death
bakeoff: bakers_raw.baker_full | bakers_raw.baker | bakers_raw.age | bakers_raw.baker_first | series_raw.winner |
    series_raw.runner_up_1 | series_raw.runner_up_2 | results_raw.baker | episodes_raw.baker | bakes_raw.baker |
    episodes.sb_name | episodes.winner_name | episodes.eliminated | bakers.baker | bakers.baker_full | bakers.age |
    bakers.baker_first | challenges.baker | bakers_raw.hometown | bakers.hometown
boot: melanoma.age
carData: BEPS.age | Rossi.age | Mroz.age | Depredations.longitude | Depredations.latitude | Chile.age |
    TitanicSurvival.age | Arrests.age | GSSvocab.age | Blackmore.age | SLID.age | MplsStops.lat | MplsStops.long |
    KosteckiDillon.age | Wong.age | WVS.age | MplsStops.neighborhood | MplsStops.policePrecinct
causaldata: nsw_mixtape.age | gov_transfers.Age | ri.name | Mroz.age | cps_mixtape.age | adult_services.age |
    credit_cards.AGE | titanic.age | social_insure.village | social_insure.age | nhefs_complete.age | nhefs.age |
    thornton_hiv.age | social_insure.address
data: adult_test.age | adult_train.age | credit_g.age | nmes.age
datasets: infert.age
dplyr: band_members.name | band_instruments.name
dragracer: rpdr_contestants.age | rpdr_contestants.dob | rpdr_ep.lipsyncartist | rpdr_contep.contestant |
    rpdr_contestants.contestant | rpdr_contestants.hometown | rpdr_ep.bottom1 | rpdr_ep.eliminated1
dslabs: movielens.userId | trump_tweets.in_reply_to_user_id_str | trump_tweets.text
fpp3: boston_marathon.Champion
geepack: muscatine.base_age | muscatine.age | respiratory.age | seizure.age
gt: towny.website | rx_addv.AGE | rx_adsl.AGE
heplots: Hernior.age | TIPI.age | NeuroCog.Age
mediation: framing.age | jobs.age
medicaldata: cytomegalovirus.age | polyps.participant_id | polyps.age | licorice_gargle.preOp_age | indo_rct.age |
    smartpill.Age | supraclavicular.age | opt.Age | covid_testing.subject_id | covid_testing.fake_first_name |
    covid_testing.fake_last_name | covid_testing.age | blood_storage.Age | strep_tb.patient_id | laryngoscope.age |
    opt.PID
mi: CHAIN.age
mlmRev: Early.age | Socatt.age | bdf.pupilNR
modeldata: Sacramento.zip | ischemic_stroke.age | ames.Longitude | ames.Latitude | attrition.Age | credit_data.Age | ad_data.age |
    Sacramento.latitude | Sacramento.longitude | tate_text.artist | Sacramento.city | ames.Neighborhood
mosaicData: KidsFeet.name | Gestation.age | CPS85.age | HELPfull.AGE | TenMileRace.age | HELPmiss.age | Whickham.age |
    HELPrct.age | Marriage.dob | Marriage.age
mstate: aidssi2.patnr | aidssi.patnr | ebmt1.patid | ebmt1.age
multgee: arthritis.age
nlme: Quinidine.Age | Orthodont.age | Remifentanil.Age | bdf.pupilNR
openintro: mn_police_use_of_force.age | evals.age | resume.job_city | resume.firstname | census.age | yrbss.age |
    midterms_house.potus | seattlepets.license_number | seattlepets.zip_code | cle_sac.city | cle_sac.age |
    duke_forest.address | duke_forest.url | unemploy_pres.potus | nba_players_19.first_name | nba_players_19.last_name
    | mtl.age | nyc_marathon.name | babies.age | births.f_age | births.m_age | labor_market_discrimination.first_name
    | labor_market_discrimination.city | piracy.name | mlbbat10.name | mlb.player | smoking.age | yrbss_samp.age |
    get_it_dunn_run.first_name | get_it_dunn_run.age | get_it_dunn_run.city | heart_transplant.age |
    london_murders.forename | london_murders.age | london_murders.borough | president.potus | president.vpotus |
    acs12.age | oscars.name | oscars.age | oscars.birth_date | age_at_mar.age | nba_heights.last_name |
    nba_heights.first_name | bdims.age | kobe_basket.description | mn_police_use_of_force.precinct | mn_police_use_of_force.neighborhood |
    ames.PID | ames.Neighborhood
plm: LaborSupply.age
pscl: ca2006.IncName | politicalInformation.age | EfronMorris.name
psych: Tal_Or.age | sat.act.age | bfi.age | Tal.Or.age
quantreg: uis.AGE
reshape2: smiths.subject | smiths.age
robustbase: CrohnD.age | epilepsy.Age | epilepsy.Age10
rpart: stagec.age
sampleSelection: Mroz87.age | nlswork.age | Smoke.age
statsmodels: anes96.age | ccard.AGE | fair.age | heart.age
stevedata: anes_prochoice.caseid | fakeHappiness.age | fakeAPI.county | wvs_usa_abortion.age | Presidents.president | voteincome.age |
    TV16.age | anes_partytherms.age | gss_abortion.age | gss_spending.age | nesarc_drinkspd.age | gss_wages.age |
    mm_nhis.age | anes_vote84.age
survival: rhDNase.entry.dt | udca.entry.dt | mgus.age | transplant.age | cgd0.age | diabetic.age | stanford2.age | colon.age | nafld1.age | tobin.age |
    pbcseq.age | veteran.age | retinopathy.age | cancer.age | jasa.birth.dt | jasa.age | mgus2.age | gbsg.age |
    cgd.age | pbc.age | kidney.age | rotterdam.age | mgus1.age | flchain.age | ovarian.age | nafld1.case.id | gbsg.pid
    | rotterdam.pid | udca.death.dt
tidyr: smiths.subject | smiths.age | household.dob_child1 | household.dob_child2 | household.name_child1 |
    household.name_child2 | billboard.artist
vcd: Baseball.name2 | Baseball.name1 | Arthritis.Age
vcdExtra: ICU.age | Titanicp.age | Donner.age | Donner.death
wooldridge: jtrain3.age | expendshares.age | jtrain2.age | wage2.age | sleep75.age | labsup.age | ceosal2.age |
    fertil1.age | smoke.age | mroz.age | card.age | k401k.age | jtrain98.age | cps91.age | alcohol.age | fringe.age |
    affairs.age | slp75_81.age75 | pension.age | k401ksubs.age | fertil2.age | injury.age | gpa1.age | econmath.age |
    saving.age | apple.age | cps78_85.age | nbasal.age
ggplot2: presidential.name
"""


def _listed(text: str) -> frozenset[str]:
    found, package = [], ""
    for line in text.strip().splitlines():
        if not line.startswith(" "):
            package, _, line = line.partition(": ")
        found += [f"{package}/{column.strip()}" for column in line.split("|") if column.strip()]
    return frozenset(found)


MEANT = _listed(_MEANT)
